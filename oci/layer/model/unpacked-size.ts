import { tooLarge } from "./errors.js";

/** Bytes that a layer or an archive from outside may unpack to by default: 64 GiB. */
export const UNPACKED_LIMIT = 64 * 2 ** 30;

/**
 * Adds up the unpacked bytes of an archive, and refuses more than a limit: a kilobyte of a
 * compressed or sparse archive can stand for a terabyte. The size in a header counts before any of
 * it is written. Throws `layer/too-large`.
 */
export class UnpackedSize {
  readonly #name: string;
  readonly #limit: number;
  #promised = 0;
  #read = 0;

  /** `name` is the archive's, as shown to people. */
  constructor(name: string, limit: number = UNPACKED_LIMIT) {
    this.#name = name;
    this.#limit = limit;
  }

  /** Counts a file by its header. */
  file(size: number): void {
    this.#promised += size;
    this.#check(this.#promised);
  }

  /** Counts bytes of the archive as the decompressor yields them. */
  bytes(count: number): void {
    this.#read += count;
    this.#check(this.#read);
  }

  #check(size: number): void {
    if (size <= this.#limit) return;
    throw tooLarge(this.#name, this.#limit);
  }
}
