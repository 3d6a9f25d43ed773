import { closeSync, openSync, rmSync } from "node:fs";
import { systemErrorCode, TsbuildError } from "../../../core/errors.js";
import { Compressor } from "./compress.js";
import { packFailed } from "../model/errors.js";
import type { CompressionOptions } from "../model/tasks.js";
import { writeAllOnThread } from "../../../core/system/write-all.js";

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
    const to = fd;
    // Other threads write while this one hashes.
    compressor = new Compressor({ options, sink: (chunk) => writeAllOnThread(to, chunk) });
    return await body(compressor);
  } catch (error) {
    await compressor?.abandon();
    if (fd !== undefined) rmSync(path, { force: true });
    throw systemErrorCode(error) === undefined || error instanceof TsbuildError ? error : packFailed(path, error as Error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
