import { hash } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { Digest } from "../../core/digest.js";
import { systemErrorCode } from "../../core/errors.js";
import type { Xattrs } from "../../core/file-node.js";
import { DIGEST_SIZE, type DigestColumn } from "../../oci/layer/model/digest-column.js";
import type { FileStat, StatShard } from "../contract/stats.js";
import { DIGEST, RECORD, StatRecords, WORDS } from "./stat-records.js";

/* A shard file: a header of four 32-bit words (magic, version, entries, the first word of the
 * rest's sha256), then one record for each entry: dev, ino, size, mtime, ctime as 64-bit words and
 * 32 bytes of sha256. The attributes of files that have any follow as JSON by `dev:ino`; nothing
 * follows when no file has. Words are in the machine's order, which the magic shows: the file never
 * leaves its machine. Records are compared in place, so loading costs one read and one pass to
 * index them. */
const MAGIC = 0x73746174;
const VERSION = 3;
const HEADER = 16;

/**
 * Nanoseconds within which two changes of a file may leave it with the same times. The kernel's
 * coarse clock ticks every 1 to 10 ms; file systems that keep whole seconds (FAT: two) show zeros.
 */
const TICK = 20_000_000n;
const COARSE_TICK = 2_000_000_000n;
const SECOND = 1_000_000_000n;

export class FileStatShard implements StatShard {
  readonly #path: string;
  readonly #temporaryPath: () => string;
  readonly #loaded: Loaded;
  readonly #added = new StatRecords();
  /** Attributes of added files that have any, by {@link keyOf}. */
  readonly #addedXattrs = new Map<string, Xattrs>();

  constructor(path: string, temporaryPath: () => string) {
    this.#path = path;
    this.#temporaryPath = temporaryPath;
    this.#loaded = load(path);
  }

  copyDigest(stat: FileStat, to: DigestColumn, number: number): boolean {
    const added = this.#added.isEmpty ? undefined : this.#added.get(stat);
    const bytes = added === undefined ? this.#loaded.get(stat) : added;
    if (!bytes) return false;
    to.setAll(number, bytes);
    return true;
  }

  xattrs(stat: FileStat): Xattrs | undefined {
    if (this.#added.has(stat.dev, stat.ino)) return this.#addedXattrs.get(keyOf(stat));
    return this.#loaded.xattrs.size === 0 ? undefined : this.#loaded.xattrs.get(keyOf(stat));
  }

  set(stat: FileStat, { digest, xattrs }: { readonly digest: Digest; readonly xattrs?: Xattrs }, hashedAtNs: bigint): void {
    const tick = stat.mtimeNs % SECOND === 0n && stat.ctimeNs % SECOND === 0n ? COARSE_TICK : TICK;
    const youngest = stat.mtimeNs > stat.ctimeNs ? stat.mtimeNs : stat.ctimeNs;
    if (this.#addedXattrs.size > 0) this.#addedXattrs.delete(keyOf(stat));
    if (youngest + tick > hashedAtNs) {
      this.#added.delete(stat);
      return;
    }
    this.#added.set(stat, digest);
    if (xattrs) this.#addedXattrs.set(keyOf(stat), xattrs);
  }

  save(): void {
    const added = this.#added.size;
    if (added === 0) return;
    const kept = this.#loaded.seen((dev, ino) => !this.#added.has(dev, ino));
    const xattrs = this.#xattrsOf(kept);
    const tail = Buffer.from(xattrs.size === 0 ? "" : JSON.stringify(Object.fromEntries(xattrs)));
    const end = HEADER + (kept.length + added) * RECORD;
    const file = Buffer.alloc(end + tail.length);
    tail.copy(file, end);
    const words = new BigInt64Array(file.buffer, file.byteOffset + HEADER, (kept.length + added) * WORDS);
    let record = 0;
    for (const source of kept) words.set(source, record++ * WORDS);
    for (const source of this.#added) words.set(source, record++ * WORDS);
    new Uint32Array(file.buffer, file.byteOffset, 4).set([MAGIC, VERSION, record, checkOf(file.subarray(HEADER))]);
    const temporary = this.#temporaryPath();
    try {
      writeFileSync(temporary, file, { flag: "wx" });
      renameSync(temporary, this.#path);
    } catch (error) {
      // Derived data: without it the files are read again.
      rmSync(temporary, { force: true });
      if (systemErrorCode(error) === undefined) throw error;
    }
  }

  /** Returns the attributes of the files that are saved, by {@link keyOf}. */
  #xattrsOf(kept: readonly BigInt64Array[]): ReadonlyMap<string, Xattrs> {
    const all = new Map<string, Xattrs>();
    if (this.#loaded.xattrs.size > 0) {
      for (const [dev, ino] of kept) {
        const known = this.#loaded.xattrs.get(`${dev}:${ino}`);
        if (known) all.set(`${dev}:${ino}`, known);
      }
    }
    for (const [key, xattrs] of this.#addedXattrs) all.set(key, xattrs);
    return all;
  }
}

/** The records of a file, indexed by (dev, ino) with open addressing. */
class Loaded {
  readonly xattrs: ReadonlyMap<string, Xattrs>;
  readonly #words: BigInt64Array;
  readonly #table: Int32Array;
  readonly #seen: Uint8Array;

  constructor(records: Buffer, xattrs: ReadonlyMap<string, Xattrs> = new Map()) {
    this.xattrs = xattrs;

    const count = records.length / RECORD;
    this.#words = new BigInt64Array(records.buffer, records.byteOffset, count * WORDS);
    this.#seen = new Uint8Array(count);
    let capacity = 16;
    while (capacity < count * 2) capacity *= 2;
    this.#table = new Int32Array(capacity).fill(-1);
    const halves = new Uint32Array(records.buffer, records.byteOffset, count * WORDS * 2);
    const low = littleEndian ? 0 : 1;
    for (let record = 0; record < count; record++) {
      const at = record * WORDS * 2;
      let slot = this.#slot(halves[at + low] as number, halves[at + 2 + low] as number);
      while (this.#table[slot] !== -1) slot = (slot + 1) & (capacity - 1);
      this.#table[slot] = record;
    }
  }

  /** Returns the bytes of a file's digest. */
  get(stat: FileStat): Uint8Array | undefined {
    const words = this.#words;
    let slot = this.#slot(Number(BigInt.asUintN(32, stat.dev)), Number(BigInt.asUintN(32, stat.ino)));
    for (; ; slot = (slot + 1) & (this.#table.length - 1)) {
      const record = this.#table[slot] as number;
      if (record === -1) return undefined;
      const at = record * WORDS;
      if (words[at + 1] !== stat.ino || words[at] !== stat.dev) continue;
      if (words[at + 2] !== stat.size || words[at + 3] !== stat.mtimeNs || words[at + 4] !== stat.ctimeNs) return undefined;
      this.#seen[record] = 1;
      return new Uint8Array(words.buffer, words.byteOffset + record * RECORD + DIGEST, DIGEST_SIZE);
    }
  }

  /** Returns the records that were found since loading and that `keep` accepts. */
  seen(keep: (dev: bigint, ino: bigint) => boolean): readonly BigInt64Array[] {
    const kept: BigInt64Array[] = [];
    for (let record = 0; record < this.#seen.length; record++) {
      const words = this.#words.subarray(record * WORDS, (record + 1) * WORDS);
      if (this.#seen[record] === 1 && keep(words[0] as bigint, words[1] as bigint)) kept.push(words);
    }
    return kept;
  }

  #slot(dev: number, ino: number): number {
    return (Math.imul(ino, 0x9e3779b1) ^ Math.imul(dev, 0x85ebca6b)) & (this.#table.length - 1);
  }
}

const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function load(path: string): Loaded {
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return new Loaded(Buffer.alloc(0));
  }
  // Typed arrays need the alignment that a buffer from a pool may lack.
  if (file.byteOffset % 8 !== 0) file = Buffer.from(new Uint8Array(file).buffer);
  if (file.length < HEADER) return new Loaded(Buffer.alloc(0));
  const [magic, version, count, check] = new Uint32Array(file.buffer, file.byteOffset, 4);
  const end = HEADER + (count as number) * RECORD;
  const whole = magic === MAGIC && version === VERSION && file.length >= end && checkOf(file.subarray(HEADER)) === check;
  if (!whole) return new Loaded(Buffer.alloc(0));
  const xattrs = file.length === end ? {} : (JSON.parse(file.toString("utf8", end)) as Record<string, Xattrs>);
  return new Loaded(file.subarray(HEADER, end), new Map(Object.entries(xattrs)));
}

/**
 * Returns the checksum of the records. Note that we do not use zlib's, because loading zlib takes
 * longer than a thousand files' records.
 */
function checkOf(records: Uint8Array): number {
  return hash("sha256", records, "buffer").readUInt32LE();
}

function keyOf(stat: FileStat): string {
  return `${stat.dev}:${stat.ino}`;
}
