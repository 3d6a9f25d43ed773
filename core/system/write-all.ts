import { write, writeSync } from "node:fs";

/** Writes all bytes to an open file, however many a call of the system takes. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(fd, bytes, offset);
}

/** Writes all bytes to an open file on one of libuv's threads. */
export async function writeAllOnThread(fd: number, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    offset += await new Promise<number>((done, fail) => {
      write(fd, bytes, offset, (error, written) => (error ? fail(error) : done(written)));
    });
  }
}
