import type { ErrorEntry } from "./entry.js";

export const CONTEXT_ERRORS = {
  "context/file-changed": {
    title: "A file of the context changed while it was read",
    cause: "Another program wrote the file during the build, so no content could be trusted.",
    wayOut: "Build again when the file is at rest.",
  },
  "context/git-invalid": {
    title: "An address of a repository that cannot be read",
    cause: "The text looks like a Git repository and has a mistake.",
    wayOut: "The form is `https://host/path.git#ref:directory`.",
  },
  "context/host-directory": {
    title: "A directory of the machine that steps cannot have",
    cause:
      "It holds the store, a file system of the kernel such as /proc, or sockets, FIFOs or devices, by which a step would reach more than files.",
    wayOut: "Give a directory of files alone: `--build-context host:NAME=DIR`, or a part of it with `source=`.",
  },
  "context/ignore-file": {
    title: "An ignore file that cannot be read",
    cause: "The file is no regular file, too large, not there behind a link, or not readable.",
    wayOut:
      "It is read inside its context as the Dockerfile is: a link may lead to another file there, and it must be a regular file of at most 16 MiB.",
  },
  "context/not-a-directory": {
    title: "A context that is no directory",
    cause: "A file stands where a directory is expected.",
    wayOut: "Name the directory; the Dockerfile is named with `-f`.",
  },
  "context/not-found": {
    title: "A context that is not there",
    cause: "There is no directory of that name, or it cannot be opened.",
    wayOut: "Correct the path.",
  },
  "context/two-dockerfiles": {
    title: "Two Dockerfiles",
    cause: "The context is itself a Dockerfile, and `-f` names another.",
    wayOut: "Leave out one of them.",
  },
  "context/unreadable": {
    title: "A path of the context that cannot be read",
    cause: "This user may not read it, or it is no regular file.",
    wayOut: "Change its rights, or exclude it in .dockerignore.",
  },
  "context/unsupported": {
    title: "A context of a bake file",
    cause: "The name begins with a scheme such as `target:`, which only bake knows.",
    wayOut: "Name a directory, an image, a layout, a repository or a URL.",
  },
  "context/unused": {
    title: "A warning: a named context that is not used",
    cause: "No FROM, --from or stage of this build has that name, or the name always means something else.",
    wayOut:
      "A name counts in every spelling that an image's name has: `busybox`, `busybox:latest` and `docker.io/library/busybox` are one.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
