import type { ErrorEntry } from "./entry.js";

export const BUILD_ERRORS = {
  "build/cache-mount-from": {
    title: "A cache mount that cannot begin with this",
    cause: "The content that `from` and `source` name cannot be copied into the cache mount.",
    wayOut: "Name a directory of a stage or image.",
  },
  "build/canceled": {
    title: "The build was canceled",
    cause: "Ctrl-c, or the signal of the caller, ended the build.",
    wayOut: "Build again: steps that had ended are cached.",
  },
  "build/diff-not-above": {
    title: "A difference of unrelated file systems",
    cause: "The second file system was not made on top of the first.",
    wayOut: "Take the difference of a stage and one that it depends on.",
  },
  "build/device-not-found": {
    title: "A device that is not there",
    cause: "A step requires a CDI device, and no specification of this machine has it.",
    wayOut: "Leave out `required`, or put the specification into /etc/cdi; `tsbuild doctor` lists the devices.",
  },
  "build/mount-source": {
    title: "A source of a mount that is not there",
    cause: "The path that `source` names is not in the context, stage or image, or is a link to nothing.",
    wayOut: "Correct `source`; the hint has the nearest name.",
  },
  "build/not-allowed": {
    title: "A step asks for more than is allowed",
    cause:
      "A step of the Dockerfile, or an ONBUILD trigger of a base image, asks for more than the command line gives: `RUN --security=insecure` without `--allow security.insecure`, or `RUN --network=host` without `--allow network.host` or `--network=host`.",
    wayOut: "Allow it, where you trust the Dockerfile and its bases. No step has run by then, and results of earlier builds do not count.",
  },
  "build/scanner": {
    title: "A scanner that gives no list of packages",
    cause: "The image that `--sbom=generator=IMAGE` names has no command, or writes nothing that is a statement of in-toto.",
    wayOut: "Name an image that follows BuildKit's protocol for scanners, or use `--sbom=true`, the scanner that is built in.",
  },
  "build/secret-not-found": {
    title: "A secret that was not given",
    cause: "The step requires a secret that the build does not have.",
    wayOut: "Give it with `--secret id=NAME,src=FILE`.",
  },
  "build/secret-not-text": {
    title: "A secret that no variable can hold",
    cause: "The secret has a zero byte, and is to be a variable.",
    wayOut: "Mount it as a file.",
  },
  "build/source-unsupported": {
    title: "A source of an unknown kind",
    cause: "The graph names a source that tsbuild does not know.",
    wayOut: "Use the sources of the frontend, or of `tsbuild/llb`.",
  },
  "build/ssh-not-found": {
    title: "An SSH agent that was not given",
    cause: "The step requires an agent that the build does not have.",
    wayOut: "Give it with `--ssh default`.",
  },
  "build/step-failed": {
    title: "A command of a step failed",
    cause: "The command ended with a code other than 0, or by a signal.",
    wayOut: "Its last lines stand above the error; `tsbuild logs` has all of them.",
  },
  "build/targets": {
    title: "Targets that cannot be built together",
    cause: "A context of the form `target:NAME` names a target that is not among those of the call, or such contexts lead in a circle.",
    wayOut: "Correct the name, add the target, or leave out one of the contexts.",
  },
  "secret/too-large": {
    title: "A secret that is too large",
    cause: "A secret has at most 500 KiB.",
    wayOut: "Give a smaller one.",
  },
  "secret/unreadable": {
    title: "A secret that cannot be read",
    cause: "The file of the secret is not there, or may not be read.",
    wayOut: "Correct `src`.",
  },
  "secret/variable-not-set": {
    title: "A secret from a variable that is not set",
    cause: "The variable of the environment does not exist.",
    wayOut: "Set it, or correct `env`.",
  },
  "ssh/agent-failed": {
    title: "An SSH agent that did not start",
    cause: "The ssh-agent command ended with an error.",
    wayOut: "See its text.",
  },
  "ssh/key-unreadable": {
    title: "An SSH key that cannot be used",
    cause: "The file is no private key, needs a passphrase, or may not be read.",
    wayOut: "Use an agent that holds the key: `--ssh default`.",
  },
  "ssh/unreachable": {
    title: "An SSH agent that cannot be reached",
    cause: "The socket is not there, or nobody listens.",
    wayOut: "Start the agent again.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
