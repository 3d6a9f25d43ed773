import { chmodSync, closeSync, constants, ftruncateSync, futimesSync, lstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { writeAll } from "./write-all.js";

/**
 * Takes a text out of the files that lie in these directories of a root, once for each file.
 * Follows no links, because who wrote the root may be hostile. Owners, modes and times stay.
 * Expects that nobody else writes to the root.
 */
export function removeFromFiles(root: string, directories: readonly string[], text: Uint8Array): void {
  for (const directory of directories) {
    if (!isDirectory(root, directory)) continue;
    for (const entry of readdirSync(join(root, directory), { withFileTypes: true }))
      if (entry.isFile()) removeFromFile(join(root, directory, entry.name), text);
  }
}

/** Reports whether each component of a path is a directory itself, and no link. */
function isDirectory(root: string, path: string): boolean {
  let at = root;
  return path.split("/").every((name) => {
    at = join(at, name);
    return lstatSync(at, { throwIfNoEntry: false })?.isDirectory() === true;
  });
}

function removeFromFile(path: string, text: Uint8Array): void {
  const { size, mode, atime, mtime } = lstatSync(path);
  if (size < text.length) return;
  // A process without privileges has no rights to its own file beyond its mode.
  const isClosed = (mode & 0o600) !== 0o600;
  if (isClosed) chmodSync(path, (mode & 0o7777) | 0o600);
  const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const start = findIn(fd, text);
    if (start === undefined) return;
    moveRest(fd, start + text.length, start);
    futimesSync(fd, atime, mtime);
  } finally {
    closeSync(fd);
    if (isClosed) chmodSync(path, mode & 0o7777);
  }
}

/** Bytes that are in memory at once: a step may leave a file of any size. */
const PIECE = 1 << 20;

/** Returns the offset of a text in an open file. */
function findIn(fd: number, text: Uint8Array): number | undefined {
  const piece = Buffer.alloc(PIECE + text.length);
  for (let at = 0; ; at += PIECE) {
    const length = readSync(fd, piece, 0, piece.length, at);
    const found = piece.subarray(0, length).indexOf(text);
    if (found !== -1) return at + found;
    if (length < piece.length) return undefined;
  }
}

/** Moves the rest of an open file towards its beginning, and cuts the file behind it. */
function moveRest(fd: number, from: number, to: number): void {
  const piece = Buffer.alloc(PIECE);
  for (let at = from; ; at += PIECE) {
    const length = readSync(fd, piece, 0, PIECE, at);
    writeAll(fd, piece.subarray(0, length), at - from + to);
    if (length === PIECE) continue;
    ftruncateSync(fd, at - from + to + length);
    return;
  }
}
