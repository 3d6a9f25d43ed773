import { type Digest, digestHex, digestOfBytes } from "../../../core/digest.js";

/** Bytes of a digest. */
export const DIGEST_SIZE = 32;
const SIZE = DIGEST_SIZE;

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

  /** Returns true when a digest is the one of a number. Note that we make no text to compare. */
  is(number: number, digest: Digest): boolean {
    const at = number * SIZE;
    for (let i = 0; i < SIZE; i++) {
      const byte = this.#bytes[at + i] as number;
      const place = HEX + 2 * i;
      if (digest.charCodeAt(place) !== DIGITS[byte >> 4] || digest.charCodeAt(place + 1) !== DIGITS[byte & 15]) return false;
    }
    return true;
  }

  set(number: number, digest: Digest): void {
    this.#grow(number + 1);
    this.#bytes.write(digestHex(digest), number * SIZE, "hex");
  }

  /** Sets consecutive digests from their bytes. */
  setAll(first: number, bytes: Uint8Array): void {
    if (first * SIZE + bytes.length > this.#bytes.length) this.#grow(first + bytes.length / SIZE);
    this.#bytes.set(bytes, first * SIZE);
  }

  #grow(length: number): void {
    const end = length * SIZE;
    if (end > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], Math.max(end, 2 * this.#bytes.length));
  }

  /**
   * Returns the digests of numbers. Note that we convert all bytes at once, because a build without
   * changes reads a digest for each file of its context. A conversion for each takes longer than
   * all else that is done with them.
   */
  texts(numbers: Uint32Array): readonly Digest[] {
    const bytes = Buffer.allocUnsafe(numbers.length * SIZE);
    // Numbers mostly follow each other: then one copy is enough.
    for (let start = 0, end = 1; start < numbers.length; start = end++) {
      const first = numbers[start] as number;
      while (end < numbers.length && numbers[end] === first + end - start) end++;
      this.#bytes.copy(bytes, start * SIZE, first * SIZE, (first + end - start) * SIZE);
    }
    const hex = bytes.toString("hex");
    return Array.from(numbers, (_, index) => `sha256:${hex.slice(index * 2 * SIZE, (index + 1) * 2 * SIZE)}` as Digest);
  }

  /** Returns the bytes of the first digests. */
  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count * SIZE);
    bytes.set(this.#bytes.subarray(0, bytes.length));
    return bytes;
  }
}

/** Place of the first digit in a digest. */
const HEX = "sha256:".length;
const DIGITS: readonly number[] = [..."0123456789abcdef"].map((digit) => digit.charCodeAt(0));
