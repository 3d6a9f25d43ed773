import { noSpaceLeft } from "./errors.js";
import type { TsbuildError } from "../errors.js";
import { systemErrorCode } from "../errors.js";

/**
 * Returns the error for a write that found no room. `attempted` is the first half of the sentence.
 * Returns undefined when `cause` is another fault.
 */
export function diskFull(attempted: string, cause: unknown): TsbuildError | undefined {
  const code = systemErrorCode(cause);
  if (code !== "ENOSPC" && code !== "EDQUOT") return undefined;
  return noSpaceLeft(attempted, code, cause);
}
