import { closeSync, openSync, rmSync, write } from "node:fs";
import { systemErrorCode, TsbuildError } from "../../../core/errors.js";
import { Compressor } from "./compress.js";
import { packFailed } from "../model/errors.js";
import type { CompressionOptions } from "../model/tasks.js";

/**
 * Runs `body` with a compressor whose output becomes the new file `path`. Removes the file after a
 * failure, once all running work has ended: the descriptor's number may belong to another file
 * right after it is closed. Throws `layer/pack-failed` for the system's errors.
 */
export async function compressTo<T>(path: string, options: CompressionOptions, body: (compressor: Compressor) => Promise<T>): Promise<T> {
  let fd: number | undefined;
  let compressor: Compressor | undefined;
  try {
    fd = openSync(path, "wx", 0o644);
    compressor = new Compressor({ options, sink: writerOnThreads(fd) });
    return await body(compressor);
  } catch (error) {
    await compressor?.abandon();
    if (fd !== undefined) rmSync(path, { force: true });
    throw systemErrorCode(error) === undefined || error instanceof TsbuildError ? error : packFailed(path, error as Error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Returns a function that writes on libuv's threads while this one hashes. */
function writerOnThreads(fd: number): (chunk: Buffer) => Promise<void> {
  return async (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      at += await new Promise<number>((done, fail) => write(fd, chunk, at, (error, written) => (error ? fail(error) : done(written))));
    }
  };
}
