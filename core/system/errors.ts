import { systemErrorCode, TsbuildError, UsageError } from "../errors.js";
import { systemReason } from "./system-reason.js";

export function isDirectory(what: string): UsageError {
  return new UsageError("export/is-directory", `Cannot write ${what}: it is a directory`, { hint: "Give the name of a file" });
}

export function partNoDirectory(what: string, at: string): UsageError {
  return new UsageError("export/not-a-directory", `Cannot write ${what}: "${at}" is no directory`, { hint: "Choose another dest=" });
}

export function destinationUnwritable(what: string, cause: unknown): TsbuildError {
  return new TsbuildError("export/unwritable", `Cannot write ${what}: ${systemReason(cause)}`, {
    cause,
    hint: "Choose a place that you may write to",
  });
}

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

export function storeUnusable(path: string, cause: unknown, hint: string): TsbuildError {
  return new TsbuildError("store/not-private", `Cannot use "${path}" as the store: ${systemReason(cause)}`, { hint: hint, cause });
}

export function storeNotPrivate(path: string, why: string, hint: string): TsbuildError {
  return new TsbuildError("store/not-private", `Cannot use "${path}" as the store: ${why}`, { hint: hint });
}

export function directoryMissing(what: string, directory: string): UsageError {
  return new UsageError("export/no-directory", `Cannot write ${what}: there is no directory "${directory}"`, {
    hint: `Make it first: mkdir -p ${directory}`,
  });
}

export function notADirectory(what: string, path: string): UsageError {
  return new UsageError("export/no-directory", `Cannot write ${what}: "${path}" is no directory`);
}

export function tooManyFiles(attempted: string, hint: string, cause: unknown): TsbuildError {
  return new TsbuildError("core/too-many-files", `${attempted}: too many files are open`, {
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
