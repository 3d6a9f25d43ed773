import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import { throwIfAborted } from "../core/errors.js";

/**
 * The text of a file, or of a pipe (`-f <(generate)`) up to its end. A pipe is read without blocking the process, so that an abort also ends the wait
 * for somebody to write. Throws the system's error, or CanceledError.
 */
export async function readText(path: string, signal: AbortSignal): Promise<string> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (!fstatSync(fd).isFIFO()) {
    try {
      return readFileSync(fd, "utf8");
    } finally {
      closeSync(fd);
    }
  }
  const pipe = new Socket({ fd, readable: true, writable: false });
  const stop = (): void => void pipe.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of pipe) chunks.push(chunk as Buffer);
    throwIfAborted(signal);
    return Buffer.concat(chunks).toString("utf8");
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    pipe.destroy();
  }
}
