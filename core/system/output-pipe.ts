import { constants, openSync } from "node:fs";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { systemErrorCode, throwIfAborted } from "../errors.js";
import { GrowingPause } from "../growing-pause.js";

const OPEN_PIPE = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Opens a pipe for writing. Waits for a reader, and calls `onWait` once before it does; an abort
 * ends the wait with CanceledError. Note that we use neither a plain file nor Node's stream for
 * one: both wait inside a system call for a reader, and later for room, and no signal ends that.
 */
export async function openOutputPipe(path: string, signal: AbortSignal | undefined, onWait?: () => void): Promise<Writable> {
  const pause = new GrowingPause();
  for (let first = true; ; first = false) {
    throwIfAborted(signal);
    const fd = tryOpen(path);
    if (fd !== undefined) {
      const { Socket } = await import("node:net");
      return new Socket({ fd, readable: false, writable: true });
    }
    if (first) onWait?.();
    await pause.wait(signal);
  }
}

/** Writes data to a pipe, and waits for its reader as {@link openOutputPipe} does. */
export async function writePipe(path: string, data: string | Uint8Array, signal: AbortSignal, onWait?: () => void): Promise<void> {
  const pipe = await openOutputPipe(path, signal, onWait);
  await pipeline([data], pipe, { signal });
}

/** Returns undefined while the pipe has no reader. */
function tryOpen(path: string): number | undefined {
  try {
    return openSync(path, OPEN_PIPE);
  } catch (error) {
    if (systemErrorCode(error) === "ENXIO") return undefined;
    throw error;
  }
}
