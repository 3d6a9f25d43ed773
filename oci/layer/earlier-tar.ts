import { setImmediate as turn } from "node:timers/promises";
import { type Digest, Hasher } from "../../core/digest.js";
import { openDecompressed } from "./decompress.js";

/** How long the event loop may be held, in milliseconds. */
const SLICE = 12;

/** The tar of an earlier layer cannot be read, or is not what it was: what was made of it counts for nothing. */
export class EarlierTarUnusable extends Error {}

/** The tar of an earlier layer, read once from its beginning to its end and digested on the way: only at the end it is known to be what it was. */
export class EarlierTar {
  readonly #diffId: Digest;
  readonly #hasher = new Hasher();
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  /** Where {@link #chunk} begins in the tar. */
  #position = 0;
  #sliceEnd = performance.now() + SLICE;

  constructor(blob: string, diffId: Digest) {
    this.#diffId = diffId;
    this.#chunks = opened(blob);
  }

  /** The bytes from `start` to `end`, which lie behind those read before. A chunk is valid until the next. */
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

  /** Reads what is left. */
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
    const { value, done } = await this.#chunks.next();
    if (done) return false;
    this.#position += this.#chunk.length;
    this.#chunk = value;
    this.#hasher.update(value);
    return true;
  }
}

async function* opened(blob: string): AsyncGenerator<Buffer, void> {
  try {
    yield* openDecompressed(blob);
  } catch (error) {
    throw new EarlierTarUnusable("it cannot be read", { cause: error });
  }
}
