import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { systemErrorCode, throwIfAborted } from "../core/errors.js";

/** Milliseconds between looks at a pipe that has nothing yet. */
const PAUSE = 10;

/**
 * The text of a file, or of a pipe (`-f <(generate)`) up to its end. A pipe is read without blocking the process, so that an abort also ends the wait
 * for somebody to write. Throws the system's error, or CanceledError.
 */
export async function readText(path: string, signal: AbortSignal): Promise<string> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return fstatSync(fd).isFIFO() ? await readPipe(fd, signal) : readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

async function readPipe(fd: number, signal: AbortSignal): Promise<string> {
  // Nothing in a pipe with a name means that its writer has not come yet; in one without, that it has gone.
  const named = !readlinkSync(`/proc/self/fd/${fd}`).startsWith("pipe:");
  const buffer = Buffer.alloc(1 << 16);
  const chunks: Buffer[] = [];
  for (;;) {
    throwIfAborted(signal);
    const size = tryRead(fd, buffer);
    if (size === undefined || (size === 0 && named && chunks.length === 0)) await sleep(PAUSE);
    else if (size === 0) return Buffer.concat(chunks).toString("utf8");
    else chunks.push(Buffer.from(buffer.subarray(0, size)));
  }
}

/** Undefined when there is nothing yet. */
function tryRead(fd: number, buffer: Buffer): number | undefined {
  try {
    return readSync(fd, buffer, 0, buffer.length, null);
  } catch (error) {
    if (systemErrorCode(error) === "EAGAIN") return undefined;
    throw error;
  }
}
