import { type Digest, digestOfBytes } from "../../../core/digest.js";
import type { FileStat } from "../../../cache/contract/stats.js";
import type { Xattrs } from "../../../core/file-node.js";

export interface HashedFile {
  readonly digest: Digest;
  /** Stat when the last byte had been read; `size` is the number of bytes read. */
  readonly stat: FileStat;
  /** `user.*` attributes, when it has any. */
  readonly xattrs?: Xattrs;
}

/** Bytes of a digest. */
const DIGEST = 32;
/** Words of a stat: dev, ino, size, mtime, ctime. */
const WORDS = 5;

/**
 * Hashed files as two blocks of memory, which another thread gets as they are. Note that we keep no
 * objects of them, because each would be seven: five bigints, its stat and itself.
 */
export interface HashedBlock {
  /** 32 bytes for each file. */
  readonly digests: Uint8Array;
  /** dev, ino, size, mtime, ctime of each file. */
  readonly stats: BigInt64Array;
  /** Attributes of the files that have any, by index. */
  readonly xattrs: ReadonlyMap<number, Xattrs>;
}

/** Takes hashed files one after the other, and makes them again when they are read. */
export class HashedColumns implements Iterable<HashedFile> {
  readonly #digests: Buffer;
  readonly #stats: BigInt64Array;
  readonly #xattrs = new Map<number, Xattrs>();
  #length = 0;

  constructor(capacity: number) {
    this.#digests = Buffer.alloc(capacity * DIGEST);
    this.#stats = new BigInt64Array(capacity * WORDS);
  }

  /** Adds a file; `hex` has the digits of its sha256. */
  add(hex: string, { dev, ino, size, mtimeNs, ctimeNs }: FileStat, xattrs: Xattrs | undefined): void {
    const index = this.#length++;
    this.#digests.write(hex, index * DIGEST, "hex");
    const at = index * WORDS;
    this.#stats[at] = dev;
    this.#stats[at + 1] = ino;
    this.#stats[at + 2] = size;
    this.#stats[at + 3] = mtimeNs;
    this.#stats[at + 4] = ctimeNs;
    if (xattrs) this.#xattrs.set(index, xattrs);
  }

  /** Returns all files in the form that is sent. */
  block(): HashedBlock {
    return {
      digests: this.#digests.subarray(0, this.#length * DIGEST),
      stats: this.#stats.subarray(0, this.#length * WORDS),
      xattrs: this.#xattrs,
    };
  }

  [Symbol.iterator](): Iterator<HashedFile> {
    return filesOf([this.block()]);
  }
}

/** Yields the files of blocks, one behind the other. */
export function* filesOf(blocks: readonly HashedBlock[]): Generator<HashedFile, void> {
  for (const { digests, stats, xattrs: attributes } of blocks) {
    const bytes = Buffer.from(digests.buffer, digests.byteOffset, digests.byteLength);
    for (let index = 0; index * WORDS < stats.length; index++) {
      const [dev, ino, size, mtimeNs, ctimeNs] = stats.subarray(index * WORDS, (index + 1) * WORDS) as unknown as bigint[];
      const digest = digestOfBytes(bytes, index * DIGEST);
      const file: HashedFile = { digest, stat: { dev, ino, size, mtimeNs, ctimeNs } as FileStat };
      const xattrs = attributes.get(index);
      yield xattrs === undefined ? file : { ...file, xattrs };
    }
  }
}
