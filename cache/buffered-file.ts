import { closeSync, openSync, writeSync } from "node:fs";
import { ioError } from "./errors.js";

const SIZE = 1 << 20;

/** A new file that gathers small writes: one system call per MiB. Synchronous, because an await per chunk costs more than the write. */
export class BufferedFile {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(SIZE);
  #filled = 0;

  constructor(private readonly path: string) {
    this.#fd = this.#attempt(() => openSync(path, "wx"));
  }

  write(chunk: Uint8Array): void {
    if (this.#filled + chunk.length > SIZE) this.flush();
    if (chunk.length >= SIZE) this.#put(chunk);
    else {
      this.#buffer.set(chunk, this.#filled);
      this.#filled += chunk.length;
    }
  }

  flush(): void {
    this.#put(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }

  /** Without flushing: what is not flushed by now is not wanted. */
  close(): void {
    closeSync(this.#fd);
  }

  #put(bytes: Uint8Array): void {
    this.#attempt(() => {
      for (let offset = 0; offset < bytes.length; ) offset += writeSync(this.#fd, bytes, offset);
    });
  }

  #attempt<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      throw ioError(`Cannot write "${this.path}"`, error);
    }
  }
}
