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
  readonly #context: Cancellation | undefined;
  #filled = 0;

  constructor(compressor: Compressor, context: Cancellation | undefined) {
    this.#compressor = compressor;
    this.#context = context;
  }

  /** Returns true when a file of this size can be read at once, after its header. */
  fits(size: number): boolean {
    return contentRoom(size) <= STAGING - this.#filled;
  }

  /**
   * Makes room for a header and, where it can be staged whole, for the content of a file. Returns
   * undefined when there is room already: most entries then cost no turn of the event loop.
   */
  room(header: number, size?: number): Promise<void> | undefined {
    if (header > STAGING) throw new Error("internal: a tar header is larger than the staging buffer");
    const bytes = header + (size === undefined ? 0 : contentRoom(size));
    return bytes <= STAGING - this.#filled ? undefined : this.flush();
  }

  /** Adds bytes that there is room for. */
  put(bytes: Buffer): void {
    this.#filled += bytes.copy(this.#buffer, this.#filled);
  }

  flush(): Promise<void> | undefined {
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#filled = 0;
    return this.#compressor.write(bytes);
  }

  /** Copies bytes of a tar. */
  async copy(chunks: AsyncIterable<Buffer>): Promise<void> {
    const flushed = this.flush();
    if (flushed) await flushed;
    for await (const chunk of chunks) {
      stopIfAborted(this.#context);
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

  /** Reads a file of any size, piece by piece. */
  async largeFile(entry: PackEntry, content: OpenContent): Promise<Digest> {
    const hasher = new Hasher();
    for (let left = entry.size; left > 0; ) {
      stopIfAborted(this.#context);
      if (this.#filled === STAGING) {
        const wait = this.flush();
        if (wait) await wait;
      }
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

/** Returns the room of a file's content, its padding, and the byte that shows that it has grown. */
function contentRoom(size: number): number {
  return size + padding(size) + 1;
}

function sizeChanged(entry: PackEntry, found: number): TsbuildError {
  return fileChanged(
    entry.path,
    found > entry.size ? `it grew past its ${entry.size} bytes` : `it shrank from ${entry.size} to ${found} bytes`,
  );
}
