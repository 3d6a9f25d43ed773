import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { systemErrorCode } from "../errors.js";

/**
 * Makes a directory with its parents; leaves an existing one as it is. Throws the system's error.
 * `make` makes one directory, by default with the mode that the umask allows.
 *
 * Note that we do not use `mkdirSync` with `recursive`, because it never returns in Node 20 where a
 * file system answers ENOENT although the parent exists, as /proc does.
 */
export function makeDirectory(path: string, make: (path: string) => void = makeByUmask): void {
  if (made(path, make)) return;
  makeDirectory(dirname(path), make);
  // Let the caller see any fault that is left.
  makeIfMissing(path, make);
}

function makeByUmask(path: string): void {
  mkdirSync(path);
}

/** Makes a directory. Returns false when a parent is missing. */
function made(path: string, make: (path: string) => void): boolean {
  try {
    makeIfMissing(path, make);
    return true;
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    if (!isDirectory(dirname(path))) return false;
    // Another process made the parent meanwhile, or the file system always answers so.
    makeIfMissing(path, make);
    return true;
  }
}

function makeIfMissing(path: string, make: (path: string) => void): void {
  try {
    make(path);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST" || !isDirectory(path)) throw error;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
