import { closeSync, fstatSync, openSync, statSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { systemErrorCode } from "../../core/errors.js";
import { flock } from "../../core/system/posix.js";
import { ioError } from "../errors.js";

export type MakeDirectory = (path: string) => void;

/** Takes the lock of a file that is there only while somebody has it. Answers its descriptor, or undefined when another has it. `take` is flock(2). */
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
      // The last owner removes the file: a lock on a removed file is none.
      mine = inodeOf(path) === fstatSync(fd).ino;
      if (mine) return fd;
    } finally {
      if (!mine) closeSync(fd);
    }
  }
}

/** Gives a lock back. */
export function unlockFile(path: string, fd: number): void {
  try {
    // While the lock is held, so that nobody removes a file that another has just locked.
    unlinkSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw ioError(`Cannot release the lock "${path}"`, error);
  } finally {
    closeSync(fd);
  }
}

/** Gives a share of a lock back. The last one takes all of it for a moment, which lets it remove the file. */
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
