import { closeSync, fstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { systemErrorCode, throwIfAborted } from "../../core/errors.js";
import { kindOf, OPEN_INPUT } from "../../core/system/regular-file.js";

/**
 * Bytes that a Dockerfile or an ignore file may have. Docker has no limit; the largest we know has
 * 200 kB.
 */
export const TEXT_LIMIT = 16 << 20;

/**
 * Thrown for a file that cannot be read as a text. The message is the second half of a sentence:
 * `it is a directory`.
 */
export class NotATextError extends Error {
  override readonly name = "NotATextError";
}

/** Milliseconds between reads of a silent pipe. */
const PAUSE = 10;

/**
 * Reads a file, or a pipe (`-f <(generate)`) up to its end. Reads a pipe without blocking the
 * process, so that an abort also ends the wait for a writer. Throws the system's error, {@link
 * NotATextError}, or CanceledError.
 */
export async function readText(path: string, signal: AbortSignal): Promise<string> {
  const fd = openSync(path, OPEN_INPUT);
  try {
    return fstatSync(fd).isFIFO() ? (await readPipe(fd, signal, checkTextSize)).toString("utf8") : readOpenFile(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads an open file from its start. Throws {@link NotATextError} for anything but a regular file.
 */
export function readOpenFile(fd: number): string {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw new NotATextError(`it is ${kindOf(stat)}`);
  checkTextSize(stat.size);
  const chunks: Buffer[] = [];
  // A file of /proc reports size 0, and a file may grow meanwhile: the bytes that are read count.
  for (let total = 0; ; ) {
    const chunk = Buffer.allocUnsafe(Math.max(stat.size - total, 1 << 13));
    const size = readSync(fd, chunk, 0, chunk.length, total);
    chunks.push(chunk.subarray(0, size));
    total += size;
    checkTextSize(total);
    if (size === 0 || total === stat.size) return Buffer.concat(chunks).toString("utf8");
  }
}

/** Throws {@link NotATextError} when a text of `size` bytes is too long. */
export function checkTextSize(size: number): void {
  if (size > TEXT_LIMIT) throw new NotATextError(`it has more than ${TEXT_LIMIT >> 20} MiB`);
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
  for (;;) {
    throwIfAborted(signal);
    const size = tryRead(fd, buffer);
    if (size === undefined || (size === 0 && !begun)) await sleep(PAUSE);
    else if (size === 0) return;
    else {
      begun = true;
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
