import { type Digest, digestHex } from "../../core/digest.js";
import { DIGEST_SIZE } from "../../oci/layer/model/digest-column.js";
import type { FileStat } from "../contract/stats.js";

/** Words of a record: dev, ino, size, mtime, ctime, and four of sha256. */
export const WORDS = 9;
export const RECORD = WORDS * 8;
/** Bytes before the digest. */
export const DIGEST = 40;

/**
 * Records that a shard gets while a build runs, in the form of its file: a context may have any
 * number of files.
 */
export class StatRecords {
  #words = new BigInt64Array(64 * WORDS);
  #length = 0;
  /** Places by device and inode. */
  readonly #places = new Map<bigint, Map<bigint, number>>();

  /** True while nothing was ever added. */
  get isEmpty(): boolean {
    return this.#length === 0;
  }

  get size(): number {
    let size = 0;
    for (const inodes of this.#places.values()) size += inodes.size;
    return size;
  }

  has(dev: bigint, ino: bigint): boolean {
    return this.#places.get(dev)?.has(ino) ?? false;
  }

  /**
   * Returns the bytes of a file's digest. Undefined means that it is not recorded; null means that
   * it changed since.
   */
  get(stat: FileStat): Uint8Array | null | undefined {
    const place = this.#places.get(stat.dev)?.get(stat.ino);
    if (place === undefined) return undefined;
    const words = this.#words;
    const at = place * WORDS;
    if (words[at + 2] !== stat.size || words[at + 3] !== stat.mtimeNs || words[at + 4] !== stat.ctimeNs) return null;
    return new Uint8Array(words.buffer, place * RECORD + DIGEST, DIGEST_SIZE);
  }

  set({ dev, ino, size, mtimeNs, ctimeNs }: FileStat, digest: Digest): void {
    let inodes = this.#places.get(dev);
    if (!inodes) this.#places.set(dev, (inodes = new Map()));
    let place = inodes.get(ino);
    if (place === undefined) inodes.set(ino, (place = this.#length++));
    if (this.#length * WORDS > this.#words.length) {
      const words = new BigInt64Array(this.#words.length * 2);
      words.set(this.#words);
      this.#words = words;
    }
    this.#words.set([dev, ino, size, mtimeNs, ctimeNs], place * WORDS);
    Buffer.from(this.#words.buffer).write(digestHex(digest), place * RECORD + DIGEST, "hex");
  }

  delete({ dev, ino }: FileStat): void {
    this.#places.get(dev)?.delete(ino);
  }

  *[Symbol.iterator](): Generator<BigInt64Array, void> {
    for (const inodes of this.#places.values())
      for (const place of inodes.values()) yield this.#words.subarray(place * WORDS, (place + 1) * WORDS);
  }
}
