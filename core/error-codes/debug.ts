import type { ErrorEntry } from "./entry.js";

export const DEBUG_ERRORS = {
  "debug/bad-state": {
    title: "A file that is no exported step",
    cause: "The file is an image without the description of a step, it lacks a layer, or its description asks for what no step can have.",
    wayOut: "Export the step again with `tsbuild debug --export FILE`. An image is opened with `tsbuild load` and `tsbuild run`.",
  },
  "debug/no-shell": {
    title: "An image without a shell",
    cause: "The image of the step has no shell, and this machine has no static busybox to lend one.",
    wayOut: "Install `busybox-static`, or name a program of the image behind `--`.",
  },
  "debug/no-step": {
    title: "A step that cannot be opened",
    cause: "The build has no such step, its files were pruned, a later failure took its place, or it never ended.",
    wayOut: "Build again, or open a shell in a stage or an image with `tsbuild run`.",
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
