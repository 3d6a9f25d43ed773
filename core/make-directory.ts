import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { systemErrorCode } from "./errors.js";

/**
 * Makes a directory with its parents; one that is there already is fine. Throws the system's error. Unlike Node 20's `mkdirSync` with `recursive` it
 * ends where a file system answers ENOENT although the parent is there, as /proc does.
 */
export function makeDirectory(path: string, mode?: number): void {
  if (made(path, mode)) return;
  makeDirectory(dirname(path));
  // Whatever is wrong now is for the caller to know.
  mkdirUnlessThere(path, mode);
}

/** False when a parent is missing. */
function made(path: string, mode: number | undefined): boolean {
  try {
    mkdirUnlessThere(path, mode);
    return true;
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    if (!isDirectory(dirname(path))) return false;
    // Another process made the parent meanwhile, or the file system says so whatever is there.
    mkdirUnlessThere(path, mode);
    return true;
  }
}

function mkdirUnlessThere(path: string, mode: number | undefined): void {
  try {
    mkdirSync(path, mode);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST" || !isDirectory(path)) throw error;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
