import { systemErrorCode, TsbuildError } from "../errors.js";

/**
 * Returns the error for a write that found no room. `attempted` is the first half of the sentence.
 * Returns undefined when `cause` is another fault.
 */
export function diskFull(attempted: string, cause: unknown): TsbuildError | undefined {
  const code = systemErrorCode(cause);
  if (code !== "ENOSPC" && code !== "EDQUOT") return undefined;
  return new TsbuildError(
    "store/disk-full",
    `${attempted}: ${code === "EDQUOT" ? "the disk quota is used up" : "no space is left on the disk"}`,
    {
      hint: "Make room with `tsbuild prune` or otherwise, or choose a directory on another disk with --root or TSBUILD_ROOT",
      cause,
    },
  );
}
