import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { systemErrorCode } from "../errors.js";

/**
 * Makes a directory with its parents; one that is there already is fine, and stays as it is. Throws the system's error. Unlike Node 20's `mkdirSync` with
 * `recursive` it ends where a file system answers ENOENT although the parent is there, as /proc does. `make` makes one directory, the default with
 * the mode that the umask gives.
 */
export function makeDirectory(path: string, make: (path: string) => void = makeByUmask): void {
  if (made(path, make)) return;
  makeDirectory(dirname(path), make);
  // Whatever is wrong now is for the caller to know.
  makeUnlessThere(path, make);
}

function makeByUmask(path: string): void {
  mkdirSync(path);
}

/** False when a parent is missing. */
function made(path: string, make: (path: string) => void): boolean {
  try {
    makeUnlessThere(path, make);
    return true;
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    if (!isDirectory(dirname(path))) return false;
    // Another process made the parent meanwhile, or the file system says so whatever is there.
    makeUnlessThere(path, make);
    return true;
  }
}

function makeUnlessThere(path: string, make: (path: string) => void): void {
  try {
    make(path);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST" || !isDirectory(path)) throw error;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
