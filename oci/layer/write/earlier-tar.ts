import { setImmediate as turn } from "node:timers/promises";
import { type Digest, Hasher } from "../../../core/digest.js";
import { openDecompressed } from "../read/decompress.js";

/** Milliseconds for which the event loop may be held. */
const SLICE = 12;

/**
 * Thrown when the tar of an earlier layer cannot be read, or has other bytes than recorded:
 * everything that was made of it is worthless.
 */
export class EarlierTarUnusable extends Error {}

/**
 * The tar of an earlier layer, read once from its beginning to its end and digested meanwhile: only
 * the end proves that the bytes are right.
 */
export class EarlierTar {
  readonly #diffId: Digest;
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  /** Offset of {@link #chunk} in the tar. */
  #position = 0;
  /** Digest of the tar up to {@link #digested}. */
  #hasher = new Hasher();
  #digested = 0;
  #sliceEnd = performance.now() + SLICE;

  constructor(blob: string, diffId: Digest) {
    this.#diffId = diffId;
    this.#chunks = opened(blob);
  }

  /**
   * Yields the bytes from `start` to `end`, which lie behind those read before. A chunk is valid
   * until the next.
   */
  async *read(start: number, end: number): AsyncGenerator<Buffer, void> {
    for (let at = start; at < end; ) {
      if (at >= this.#position + this.#chunk.length) {
        if (!(await this.#next())) throw new EarlierTarUnusable("it is too short");
        continue;
      }
      const part = this.#chunk.subarray(at - this.#position, end - this.#position);
      yield part;
      at += part.length;
    }
  }

  /**
   * Reads from the beginning, for a caller that digests exactly these bytes too: they are not
   * digested twice.
   */
  async *readFirst(end: number, digested: () => Hasher): AsyncGenerator<Buffer, void> {
    this.#digested = end;
    yield* this.read(0, end);
    this.#hasher = digested();
  }

  /** Reads the rest and checks the digest. */
  async verify(): Promise<void> {
    while (await this.#next());
    if (this.#hasher.digest() !== this.#diffId) throw new EarlierTarUnusable("it has another digest");
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #next(): Promise<boolean> {
    if (performance.now() > this.#sliceEnd) {
      await turn();
      this.#sliceEnd = performance.now() + SLICE;
    }
    this.#digestChunk();
    const { value, done } = await this.#chunks.next();
    this.#position += this.#chunk.length;
    this.#chunk = done ? Buffer.alloc(0) : value;
    return done !== true;
  }

  /** Hashes the rest of the chunk. */
  #digestChunk(): void {
    const end = this.#position + this.#chunk.length;
    if (end <= this.#digested) return;
    this.#hasher.update(this.#chunk.subarray(Math.max(0, this.#digested - this.#position)));
    this.#digested = end;
  }
}

async function* opened(blob: string): AsyncGenerator<Buffer, void> {
  try {
    yield* openDecompressed(blob);
  } catch (error) {
    throw new EarlierTarUnusable("it cannot be read", { cause: error });
  }
}
