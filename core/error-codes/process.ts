import type { ErrorEntry } from "./entry.js";

export const PROCESS_ERRORS = {
  "install/addon-missing": {
    title: "A part of the installation is missing",
    cause:
      "The files for one kind of machine are in a package that npm chooses by processor and C library (`@tsbuild/linux-x64`, `-arm64`, each also with `-musl`). It is missing after `--omit=optional`, and in a `node_modules` that was copied from another kind of machine.",
    wayOut: "Install again, on this machine.",
  },
  "core/out-of-memory": {
    title: "A thread ran out of memory",
    cause: "The work of a thread needed more memory than Node gives it.",
    wayOut: "Give it more: NODE_OPTIONS=--max-old-space-size=…",
  },
  "core/too-many-files": {
    title: "Too many open files",
    cause:
      "The limit of open files (`ulimit -n`) is too low for one step; from 48 on builds work. The limit also bounds the number of steps that run at once.",
    wayOut: "Raise the limit.",
  },
  "internal/unknown": {
    title: "An error without a code",
    cause: "A bug of tsbuild.",
    wayOut: "Please report it.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
