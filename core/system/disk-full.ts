import { systemErrorCode, TsbuildError } from "../errors.js";

/** What a write that found no room means for the user; `attempted` is the first half of the sentence. Undefined when `cause` is something else. */
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
