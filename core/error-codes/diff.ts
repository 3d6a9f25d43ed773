import type { ErrorEntry } from "./entry.js";

export const DIFF_ERRORS = {
  "diff/no-files": {
    title: "A step without files to compare",
    cause: "The step was ended before it had a result, or its files were removed from the store since.",
    wayOut: "Build again, and compare then.",
  },
  "diff/not-found": {
    title: "Neither an image nor a step",
    cause: "The text names no image of the store, and no step of the build.",
    wayOut: "The hint has the commands that list both.",
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
