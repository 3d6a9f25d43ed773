import { closeSync, openSync, readSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { CanceledError } from "../../../core/errors.js";

/** A file that is still being written. */
export interface Growing {
  /** Bytes of the complete file. */
  readonly size: number;
  /** Returns true when no more bytes are to be expected. */
  readonly stopped: () => boolean;
  /** Waits for milliseconds. Tests count them. */
  readonly sleep?: (ms: number) => Promise<unknown>;
}

const CHUNK = 1 << 20;
/** Bytes below which the rest of a buffer is not worth a read. */
const LEAST = 64 << 10;

/** Milliseconds between two reads of a file that has not grown: at first, and at most. */
const PAUSE = 2;
const LONGEST_PAUSE = 128;

/** Bytes of growth from which on the pauses stay short. */
const WORTH = 256 << 10;

/**
 * Yields the bytes of a growing file up to its size, as they come. Throws CanceledError when
 * `stopped` returns true, and the system's error when the file cannot be opened. Reads less often
 * while few bytes come. Note that we do not use inotify, because a late read costs a slow download
 * only a moment, and watchers are few on machines with many containers.
 */
export async function* readGrowing(path: string, { size, stopped, sleep = delay }: Growing): AsyncGenerator<Buffer, void> {
  const fd = openSync(path, "r");
  try {
    let buffer = Buffer.alloc(0);
    let pause = PAUSE;
    let since = 0;
    for (let position = 0; position < size; ) {
      if (buffer.length < Math.min(LEAST, size - position)) buffer = Buffer.allocUnsafe(Math.min(CHUNK, size - position));
      const read = readSync(fd, buffer, 0, buffer.length, position);
      position += read;
      since += read;
      if (read > 0) {
        const chunk = buffer.subarray(0, read);
        // The part that was yielded belongs to the reader.
        buffer = buffer.subarray(read);
        yield chunk;
        continue;
      }
      if (stopped()) throw new CanceledError();
      pause = since >= WORTH ? PAUSE : Math.min(2 * pause, LONGEST_PAUSE);
      since = 0;
      await sleep(pause);
    }
  } finally {
    closeSync(fd);
  }
}
