import { accessSync, constants, realpathSync, statSync, type Stats } from "node:fs";
import { dirname, resolve } from "node:path";
import { systemErrorCode, TsbuildError, UsageError } from "../errors.js";
import { systemReason } from "./system-reason.js";

/**
 * Checks that a file can be written at `path`, before the work for it is done. The directory must
 * exist. `purpose` stands in the message behind the path: ` for --iidfile`. Throws UsageError with
 * `export/is-directory` or `export/no-directory`, and TsbuildError with `export/unwritable` where
 * the machine refuses.
 */
export function checkFileDestination(path: string, purpose = ""): void {
  const what = `"${path}"${purpose}`;
  const found = look(path, what);
  if (found?.isDirectory()) {
    throw new UsageError("export/is-directory", `Cannot write ${what}: it is a directory`, { hint: "Give the name of a file" });
  }
  if (found !== undefined && !found.isFile()) return requireAccess(path, what, constants.W_OK);
  // A link keeps pointing to the file that it names, which is replaced in its own directory.
  const parent = dirname(found === undefined ? resolve(path) : realpathSync(path));
  const directory = look(parent, what);
  if (directory === undefined) {
    throw new UsageError("export/no-directory", `Cannot write ${what}: there is no directory "${shown(path, parent)}"`, {
      hint: `Make it first: mkdir -p ${shown(path, parent)}`,
    });
  }
  if (!directory.isDirectory())
    throw new UsageError("export/no-directory", `Cannot write ${what}: "${shown(path, parent)}" is no directory`);
  requireAccess(parent, what, constants.W_OK | constants.X_OK);
}

/**
 * Checks that a directory can be written at `path`. A missing directory is made later with its
 * parents. Throws `export/not-a-directory`, `export/unwritable`.
 */
export function checkDirectoryDestination(path: string, purpose = ""): void {
  const what = `"${path}"${purpose}`;
  for (let at = resolve(path); ; at = dirname(at)) {
    const found = look(at, what);
    if (found === undefined && dirname(at) !== at) continue;
    if (!found?.isDirectory()) {
      throw new UsageError("export/not-a-directory", `Cannot write ${what}: "${at}" is no directory`, { hint: "Choose another dest=" });
    }
    return requireAccess(at, what, constants.W_OK | constants.X_OK);
  }
}

/** Returns a path as the user wrote it, where that is possible. */
function shown(path: string, parent: string): string {
  return resolve(dirname(path)) === parent ? dirname(path) : parent;
}

/** Returns undefined when nothing is there, also when a part of the path is a file. */
function look(path: string, what: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (cause) {
    if (["ENOENT", "ENOTDIR"].includes(systemErrorCode(cause) ?? "")) return undefined;
    throw unwritable(what, cause);
  }
}

function requireAccess(path: string, what: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch (cause) {
    throw unwritable(what, cause);
  }
}

function unwritable(what: string, cause: unknown): TsbuildError {
  return new TsbuildError("export/unwritable", `Cannot write ${what}: ${systemReason(cause)}`, {
    cause,
    hint: "Choose a place that you may write to",
  });
}
