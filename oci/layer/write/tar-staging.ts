import { type Digest, Hasher } from "../../../core/digest.js";
import type { TsbuildError } from "../../../core/errors.js";
import { padding } from "../../tar/header.js";
import type { OpenContent } from "../model/content.js";
import { fileChanged } from "../model/errors.js";
import type { PackEntry } from "../model/toc.js";
import { type Cancellation, digestOf, EMPTY_DIGEST, stopIfAborted } from "../read/read-layer.js";
import type { Compressor } from "./compress.js";

/** Bytes gathered before they are hashed and compressed; also the bytes of one read of a file. */
const STAGING = 1 << 20;

/** Gathers headers and contents. Small files are read directly into their place in the tar. */
export class TarStaging {
  readonly #buffer = Buffer.allocUnsafe(STAGING);
  readonly #compressor: Compressor;
  #filled = 0;

  constructor(compressor: Compressor) {
    this.#compressor = compressor;
  }

  fits(bytes: number): boolean {
    return bytes <= STAGING - this.#filled;
  }

  /** Makes room for bytes. Returns undefined where there is nothing to wait for. */
  room(bytes: number): Promise<void> | undefined {
    return this.fits(bytes) ? undefined : this.flush();
  }

  put(bytes: Buffer): void {
    this.#filled += bytes.copy(this.#buffer, this.#filled);
  }

  flush(): Promise<void> | undefined {
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#filled = 0;
    return this.#compressor.write(bytes);
  }

  /** Copies bytes of a tar. */
  async copy(chunks: AsyncIterable<Buffer>, context: Cancellation | undefined): Promise<void> {
    const flushed = this.flush();
    if (flushed) await flushed;
    for await (const chunk of chunks) {
      stopIfAborted(context);
      const wait = this.#compressor.write(chunk);
      if (wait) await wait;
    }
  }

  /**
   * Reads a file that fits as a whole, with one byte of room more, which shows that it has not
   * grown.
   */
  smallFile(entry: PackEntry, content: OpenContent): Digest {
    const start = this.#filled;
    let read = 0;
    while (read <= entry.size) {
      const size = content.read(this.#buffer, start + read, entry.size + 1 - read);
      if (size === 0) break;
      read += size;
    }
    if (read !== entry.size) throw sizeChanged(entry, read);
    this.#filled += read;
    const digest = read === 0 ? EMPTY_DIGEST : digestOf(this.#buffer.subarray(start, this.#filled));
    this.#pad(entry.size);
    return digest;
  }

  async largeFile(entry: PackEntry, content: OpenContent, context: Cancellation | undefined): Promise<Digest> {
    const hasher = new Hasher();
    for (let left = entry.size; left > 0; ) {
      stopIfAborted(context);
      const room = this.room(1);
      if (room) await room;
      const size = content.read(this.#buffer, this.#filled, Math.min(left, STAGING - this.#filled));
      if (size === 0) throw sizeChanged(entry, entry.size - left);
      hasher.update(this.#buffer.subarray(this.#filled, this.#filled + size));
      this.#filled += size;
      left -= size;
    }
    if (content.read(Buffer.alloc(1), 0, 1) !== 0) throw sizeChanged(entry, entry.size + 1);
    const wait = this.room(padding(entry.size));
    if (wait) await wait;
    this.#pad(entry.size);
    return hasher.digest();
  }

  #pad(size: number): void {
    const end = this.#filled + padding(size);
    this.#buffer.fill(0, this.#filled, end);
    this.#filled = end;
  }
}

function sizeChanged(entry: PackEntry, found: number): TsbuildError {
  return fileChanged(
    entry.path,
    found > entry.size ? `it grew past its ${entry.size} bytes` : `it shrank from ${entry.size} to ${found} bytes`,
  );
}
