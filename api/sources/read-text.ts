import { closeSync, openSync } from "node:fs";
import { readInput } from "../../core/system/input-pipe.js";
import { checkSize, OPEN_INPUT, readOpenFile } from "../../core/system/regular-file.js";

/**
 * Bytes that a Dockerfile, an ignore file, or a file of builds may have. Docker has no limit; the
 * largest Dockerfile we know has 200 kB.
 */
export const TEXT_LIMIT = 16 << 20;

/**
 * Reads a text that the user names: a file, or a pipe up to its end. Throws as {@link readInput}.
 */
export async function readText(path: string, signal: AbortSignal): Promise<string> {
  return (await readInput(path, TEXT_LIMIT, signal)).toString("utf8");
}

/** Reads a text that another file names, or a directory holds: a regular file. */
export function readRegularText(path: string | Buffer, flags = OPEN_INPUT): string {
  const fd = openSync(path, flags);
  try {
    return readOpenFile(fd, TEXT_LIMIT).toString("utf8");
  } finally {
    closeSync(fd);
  }
}

/** Throws {@link InputError} when a text of `size` bytes is too long. */
export function checkTextSize(size: number): void {
  checkSize(size, TEXT_LIMIT);
}
