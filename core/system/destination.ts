import { destinationUnwritable, directoryMissing, isDirectory, notADirectory, partNoDirectory } from "./errors.js";
import { accessSync, constants, realpathSync, statSync, type Stats } from "node:fs";
import { dirname, resolve } from "node:path";
import type { TsbuildError } from "../errors.js";
import { systemErrorCode } from "../errors.js";

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
    throw isDirectory(what);
  }
  if (found !== undefined && !found.isFile()) return requireAccess(path, what, constants.W_OK);
  // A link keeps pointing to the file that it names, which is replaced in its own directory.
  const parent = dirname(found === undefined ? resolve(path) : realpathSync(path));
  const directory = look(parent, what);
  if (directory === undefined) {
    throw directoryMissing(what, shown(path, parent));
  }
  if (!directory.isDirectory()) throw notADirectory(what, shown(path, parent));
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
      throw partNoDirectory(what, at);
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
  return destinationUnwritable(what, cause);
}
