import { closeSync, fstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { Readable } from "node:stream";
import { systemErrorCode, throwIfAborted } from "../errors.js";
import { GrowingPause } from "../growing-pause.js";
import { checkSize, OPEN_INPUT, readOpenFile } from "./regular-file.js";

/**
 * Reads a file of at most `limit` bytes, or a pipe (`-f <(generate)`) up to its end. Reads a pipe
 * without blocking the process, so that an abort also ends the wait for a writer. Throws the
 * system's error, {@link InputError}, or CanceledError.
 */
export async function readInput(path: string, limit: number, signal: AbortSignal): Promise<Buffer> {
  const fd = openSync(path, OPEN_INPUT);
  try {
    if (!fstatSync(fd).isFIFO()) return readOpenFile(fd, limit);
    return await readPipe(fd, signal, (size) => checkSize(size, limit));
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads an open pipe to its end without blocking the process. `check` throws for too many bytes.
 */
export async function readPipe(fd: number, signal: AbortSignal, check: (size: number) => void): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of pipeChunks(fd, signal)) {
    chunks.push(chunk);
    total += chunk.length;
    check(total);
  }
  return Buffer.concat(chunks);
}

/**
 * Opens a pipe as a stream. Note that we do not use Node's own stream, because it waits for a
 * writer in the open call, which no abort ends.
 */
export function openPipe(path: string, signal: AbortSignal): Readable {
  const chunks = async function* (): AsyncGenerator<Buffer> {
    const fd = openSync(path, OPEN_INPUT);
    try {
      yield* pipeChunks(fd, signal);
    } finally {
      closeSync(fd);
    }
  };
  return Readable.from(chunks(), { objectMode: false });
}

/** Yields the bytes of an open pipe, and ends with CanceledError on abort. */
async function* pipeChunks(fd: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  // No bytes in a named pipe mean that its writer has not come yet; in an unnamed one, that it has
  // gone.
  let begun = readlinkSync(`/proc/self/fd/${fd}`).startsWith("pipe:");
  const buffer = Buffer.alloc(1 << 16);
  const pause = new GrowingPause();
  for (;;) {
    throwIfAborted(signal);
    const size = tryRead(fd, buffer);
    if (size === undefined || (size === 0 && !begun)) await pause.wait(signal);
    else if (size === 0) return;
    else {
      begun = true;
      pause.reset();
      yield Buffer.from(buffer.subarray(0, size));
    }
  }
}

/** Reads once. Returns undefined when no bytes are there yet. */
function tryRead(fd: number, buffer: Buffer): number | undefined {
  try {
    return readSync(fd, buffer, 0, buffer.length, null);
  } catch (error) {
    if (systemErrorCode(error) === "EAGAIN") return undefined;
    throw error;
  }
}
