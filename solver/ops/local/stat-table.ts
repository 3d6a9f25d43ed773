import type { FileStat } from "../../../cache/contract/stats.js";

const WORDS = 5;

/**
 * Stats of many files in one block of memory. Note that we keep no objects of them, because each
 * of their five bigints would be one, too.
 */
export class StatTable {
  #words = new BigInt64Array(64 * WORDS);
  #length = 0;

  /** Adds stats, and returns the index for {@link get}. */
  add({ dev, ino, size, mtimeNs, ctimeNs }: FileStat): number {
    const at = this.#length * WORDS;
    if (at === this.#words.length) {
      const words = new BigInt64Array(at * 2);
      words.set(this.#words);
      this.#words = words;
    }
    this.#words[at] = dev;
    this.#words[at + 1] = ino;
    this.#words[at + 2] = size;
    this.#words[at + 3] = mtimeNs;
    this.#words[at + 4] = ctimeNs;
    return this.#length++;
  }

  get(place: number): FileStat {
    const at = place * WORDS;
    const words = this.#words;
    return {
      dev: words[at] as bigint,
      ino: words[at + 1] as bigint,
      size: words[at + 2] as bigint,
      mtimeNs: words[at + 3] as bigint,
      ctimeNs: words[at + 4] as bigint,
    };
  }
}
