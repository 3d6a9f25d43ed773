import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";

/**
 * Flags to open an input without waiting for the writer of a pipe and without taking a terminal.
 */
export const OPEN_INPUT: number = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Returns the name of the object that stands where a regular file is expected. */
export function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return "a directory";
  if (stat.isFIFO()) return "a pipe";
  return stat.isSocket() ? "a socket" : "a device";
}

/**
 * Thrown for a file that cannot be read as an input. The message is the second half of a sentence:
 * `it is a directory`.
 */
export class InputError extends Error {
  override readonly name = "InputError";
}

/**
 * Reads a regular file of at most `limit` bytes. Throws the system's error, or {@link InputError}.
 * A pipe in the place of a configuration file would block the process for ever, and a device would
 * fill its memory.
 */
export function readRegularFile(path: string, limit: number): Buffer {
  const fd = openSync(path, OPEN_INPUT);
  try {
    return readOpenFile(fd, limit);
  } finally {
    closeSync(fd);
  }
}

/** Reads an open file from its start. Throws {@link InputError} for anything but a regular file. */
export function readOpenFile(fd: number, limit: number): Buffer {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw new InputError(`it is ${kindOf(stat)}`);
  const chunks: Buffer[] = [];
  // A file of /proc reports size 0, and a file may grow meanwhile: the bytes that are read count.
  for (let total = 0; ; ) {
    const chunk = Buffer.allocUnsafe(Math.max(Math.min(stat.size, limit) - total, 1 << 13));
    const size = readSync(fd, chunk, 0, chunk.length, total);
    chunks.push(chunk.subarray(0, size));
    total += size;
    checkSize(total, limit);
    if (size === 0 || total === stat.size) return Buffer.concat(chunks);
  }
}

/** Throws {@link InputError} for more bytes than an input may have. */
export function checkSize(size: number, limit: number): void {
  if (size > limit) throw new InputError(`it has more than ${limit % MIB === 0 ? `${limit / MIB} MiB` : `${limit} bytes`}`);
}

const MIB = 1 << 20;
