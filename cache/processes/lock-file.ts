import { closeSync, fstatSync, openSync, statSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { systemErrorCode } from "../../core/errors.js";
import { flock } from "../../core/system/posix.js";
import { ioError } from "../errors.js";

export type MakeDirectory = (path: string) => void;

/**
 * Takes the lock of a file that exists only while a process has it. Returns its descriptor, or
 * undefined when another process has the lock. `take` is flock(2).
 */
export function lockFile(
  path: string,
  makeDirectory: MakeDirectory,
  take: (fd: number) => boolean = (fd) => flock(fd, "exclusive"),
): number | undefined {
  for (;;) {
    const fd = open(path, makeDirectory);
    let mine = false;
    try {
      if (!take(fd)) return undefined;
      // The last owner removes the file: a lock on a removed file is worthless.
      mine = inodeOf(path) === fstatSync(fd).ino;
      if (mine) return fd;
    } finally {
      if (!mine) closeSync(fd);
    }
  }
}

/** Releases a lock. */
export function unlockFile(path: string, fd: number): void {
  try {
    // Removed while the lock is held, so that no process removes a file that another has just
    // locked.
    unlinkSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw ioError(`Cannot release the lock "${path}"`, error);
  } finally {
    closeSync(fd);
  }
}

/**
 * Releases a share of a lock. The last owner takes the whole lock for a moment, which allows it to
 * remove the file.
 */
export function unlockShare(path: string, fd: number): void {
  let isLast = false;
  try {
    isLast = flock(fd, "exclusive");
  } finally {
    if (isLast) unlockFile(path, fd);
    else closeSync(fd);
  }
}

function open(path: string, makeDirectory: MakeDirectory): number {
  try {
    try {
      return openSync(path, "a");
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") throw error;
      makeDirectory(dirname(path));
      return openSync(path, "a");
    }
  } catch (error) {
    throw ioError(`Cannot take the lock "${path}"`, error);
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
