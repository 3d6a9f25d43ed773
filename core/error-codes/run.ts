import type { ErrorEntry } from "./entry.js";

export const RUN_ERRORS = {
  "run/isolation": {
    title: "Something that this tier cannot give a command",
    cause: "Writable volumes and a read-only root are mounts. Without namespaces there are none.",
    wayOut: "Leave the option out, or run where `tsbuild doctor` shows namespaces.",
  },
  "run/no-command": {
    title: "An image without a command",
    cause: "The image names no program to start, and the command line does not either.",
    wayOut: "Write the command behind the image, or give the image a CMD.",
  },
  "run/option": {
    title: "An option of `run` that cannot be followed",
    cause: "`tsbuild run` is a test in the foreground and no container engine, or the value is of the wrong form.",
    wayOut: "The message says what is wanted.",
  },
  "run/no-healthcheck": {
    title: "An image without a health check",
    cause: "`--wait-healthy` waits for HEALTHCHECK of the image, and the image has none.",
    wayOut: "Add a HEALTHCHECK to the Dockerfile, or write `--health-cmd`.",
  },
  "run/publish": {
    title: "A port that cannot be published",
    cause:
      "The command has no network of its own (neither pasta nor slirp4netns can be used, or another network was asked for), or a program listens on the port already, or this user may not listen there.",
    wayOut: "Follow the hint; `-p 80` takes any free port, and `tsbuild doctor` says why there is no network.",
  },
  "run/unhealthy": {
    title: "A command that is not healthy",
    cause: "The health check failed as often as it may, or the command ended before it passed.",
    wayOut: "Look at the output of the command and of the check. A slow start needs a start period.",
  },
  "run/volume": {
    title: "A volume that is not there",
    cause: "The path of `--volume` does not exist on this machine, or cannot be read.",
    wayOut: "Correct the path. Directories are not made, because a wrong path would be hidden by an empty one.",
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
