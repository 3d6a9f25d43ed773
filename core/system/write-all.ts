import { write, writeSync } from "node:fs";

/**
 * Writes all bytes to an open file, however many a call of the system takes: at an offset in the
 * file, or behind what was written before.
 */
export function writeAll(fd: number, bytes: Uint8Array, position?: number): void {
  for (let offset = 0; offset < bytes.length; )
    offset += writeSync(fd, bytes, offset, bytes.length - offset, position === undefined ? null : position + offset);
}

/** Writes all bytes to an open file on one of libuv's threads. */
export async function writeAllOnThread(fd: number, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    offset += await new Promise<number>((done, fail) => {
      write(fd, bytes, offset, (error, written) => (error ? fail(error) : done(written)));
    });
  }
}
