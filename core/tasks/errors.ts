import { TsbuildError } from "../errors.js";

export function outOfMemory(failure: unknown): TsbuildError {
  return new TsbuildError("core/out-of-memory", "Cannot go on: a thread of tsbuild ran out of memory", {
    hint: "Give Node a larger heap, for example NODE_OPTIONS=--max-old-space-size=4096, or lower --jobs",
    cause: failure,
  });
}
