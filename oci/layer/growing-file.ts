import { closeSync, openSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { CanceledError } from "../../core/errors.js";

/** A file that somebody is still writing. */
export interface Growing {
  /** Bytes it will have. */
  readonly size: number;
  /** Asked while waiting: whether nothing more is to be expected. */
  readonly stopped: () => boolean;
}

const CHUNK = 1 << 20;

/** Milliseconds between looks at a file that has not grown. */
const PAUSE = 2;

/** The bytes of a growing file up to its size, as they come. Throws CanceledError when it is told to stop, and the system's error when the file cannot be opened. */
export async function* readGrowing(path: string, { size, stopped }: Growing): AsyncGenerator<Buffer, void> {
  const fd = openSync(path, "r");
  try {
    for (let position = 0; position < size; ) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size - position));
      const read = readSync(fd, buffer, 0, buffer.length, position);
      position += read;
      if (read > 0) yield buffer.subarray(0, read);
      else if (stopped()) throw new CanceledError();
      else await sleep(PAUSE);
    }
  } finally {
    closeSync(fd);
  }
}
