import type { TsbuildError } from "../../core/errors.js";
import { UsageError } from "../../core/errors.js";

/** Messages about bake files as files, one function each. */

export const noBakeFile = (directory: string, names: readonly string[]): UsageError =>
  new UsageError("bake/no-file", `Cannot find a bake file in ${directory}: there is none of ${names.join(", ")}`, {
    hint: "name it with -f FILE",
  });

export const unreadableBakeFile = (path: string, cause: unknown): TsbuildError =>
  new UsageError("bake/no-file", `Cannot read the bake file ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    hint: "-f names a file, relative to the working directory",
    cause,
  });
