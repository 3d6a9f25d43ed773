import { type Digest, digestHex, digestOfBytes } from "../../../core/digest.js";

/** Bytes of a digest. */
const SIZE = 32;

/** Digests by number, as bytes: a text for each takes three times the memory. */
export class DigestColumn {
  #bytes: Buffer;

  /** `bytes`: 32 for each digest, zeros for none. */
  constructor(bytes: Uint8Array = new Uint8Array(16 * SIZE)) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get(number: number): Digest | undefined {
    const at = number * SIZE;
    for (let i = at; i < at + SIZE && i < this.#bytes.length; i++) if (this.#bytes[i] !== 0) return digestOfBytes(this.#bytes, at);
    return undefined;
  }

  set(number: number, digest: Digest): void {
    const end = (number + 1) * SIZE;
    if (end > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], Math.max(end, 2 * this.#bytes.length));
    this.#bytes.write(digestHex(digest), end - SIZE, "hex");
  }

  /** Returns the bytes of the first digests. */
  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count * SIZE);
    bytes.set(this.#bytes.subarray(0, bytes.length));
    return bytes;
  }
}
