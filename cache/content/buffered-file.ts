import { closeSync, openSync } from "node:fs";
import { writeAllOnThread } from "../../core/system/write-all.js";
import { ioError } from "../errors.js";

const SIZE = 1 << 20;

/**
 * A new file that gathers small writes: one system call for each MiB, on another thread, while the
 * next MiB is gathered. Await each write before the next.
 */
export class BufferedFile {
  readonly #path: string;
  readonly #fd: number;
  #buffer: Buffer = Buffer.allocUnsafe(SIZE);
  #spare: Buffer | undefined;
  #filled = 0;
  /** The running write. */
  #pending: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;

    try {
      this.#fd = openSync(path, "wx");
    } catch (error) {
      throw ioError(`Cannot write "${path}"`, error);
    }
  }

  /** Takes all of `chunk`, which may be reused afterwards. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      if (this.#filled === SIZE) await this.#rotate();
      const part = chunk.subarray(at, at + SIZE - this.#filled);
      this.#buffer.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
    }
  }

  async flush(): Promise<void> {
    await this.#rotate();
    await this.#pending;
  }

  /** Closes the file without flushing it: unflushed bytes are not wanted. */
  async close(): Promise<void> {
    await this.#pending.catch(() => {});
    closeSync(this.#fd);
  }

  async #rotate(): Promise<void> {
    await this.#pending;
    const full = this.#buffer;
    this.#pending = this.#put(full.subarray(0, this.#filled));
    // The next `await` reports the failure.
    this.#pending.catch(() => {});
    this.#buffer = this.#spare ?? Buffer.allocUnsafe(SIZE);
    this.#spare = full;
    this.#filled = 0;
  }

  async #put(bytes: Uint8Array): Promise<void> {
    try {
      await writeAllOnThread(this.#fd, bytes);
    } catch (error) {
      throw ioError(`Cannot write "${this.#path}"`, error);
    }
  }
}
