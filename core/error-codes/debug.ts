import type { ErrorEntry } from "./entry.js";

export const DEBUG_ERRORS = {
  "debug/no-shell": {
    title: "An image without a shell",
    cause: "The image of the step has no shell, and this machine has no static busybox to lend one.",
    wayOut: "Install `busybox-static`, or name a program of the image behind `--`.",
  },
  "debug/no-step": {
    title: "A failed step that is not kept",
    cause: "No step failed yet, it was another one, or its files were pruned. Steps on copies of their layers are not kept.",
    wayOut: "Build again, so that the step fails, or open a shell in a stage with `tsbuild run`.",
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
