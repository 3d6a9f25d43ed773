import type { FileStat } from "../../../cache/contract/stats.js";
import type { NodeMeta, NodeType, Timestamp, Xattrs } from "../../../core/file-node.js";
import { STAT_WORDS } from "../../../core/system/lstat-all.js";
import { DigestColumn } from "../../../oci/layer/model/digest-column.js";
import { deviceOf, timestampOf, typeOfMode } from "./stat-node.js";

/** Words of a row: dev, ino, size, mtime, ctime. */
const WORDS = 5;

/** Modes of rows without a file. */
const UNREAD = 0xffff_ffff;
const NOTHING = 0;

/** Fields that few files have. */
interface Rare {
  device?: NodeMeta["device"];
  link?: string;
  xattrs?: Xattrs;
  /** Time that 64 bits of nanoseconds do not hold: before 1677 or after 2262. */
  mtime?: Timestamp;
  /** Names of a file that has several, as far as they were seen. All of them share the list. */
  names?: string[];
}

/** Stat of a file, as `lstat` returns it. */
type FullStat = FileStat & { readonly mode: bigint; readonly rdev: bigint };

/**
 * The files of a local tree as columns: some eighty bytes for each. Note that we keep no objects of
 * them, because a node with its stat, each of whose five bigints would be one, takes 400.
 */
export class LocalRows {
  #words = new BigInt64Array(64 * WORDS);
  #halves = new Uint32Array(this.#words.buffer);
  #modes = new Uint32Array(64);
  #length = 0;
  /** Digests of the rows that {@link isHashed}. */
  readonly digests = new DigestColumn();
  /** 1 for each row with a digest. */
  #hashed = new Uint8Array(64);
  readonly #rare = new Map<number, Rare>();

  /** Adds rows that were not read yet, and returns the first. */
  reserve(count: number): number {
    const first = this.#length;
    this.#length += count;
    if (this.#length > this.#modes.length) {
      const rows = Math.max(this.#length, this.#modes.length * 2);
      const words = new BigInt64Array(rows * WORDS);
      words.set(this.#words);
      this.#words = words;
      this.#halves = new Uint32Array(words.buffer);
      const modes = new Uint32Array(rows);
      modes.set(this.#modes);
      this.#modes = modes;
      const hashed = new Uint8Array(rows);
      hashed.set(this.#hashed);
      this.#hashed = hashed;
    }
    this.#modes.fill(UNREAD, first, this.#length);
    return first;
  }

  isRead(row: number): boolean {
    return this.#modes[row] !== UNREAD;
  }

  /** Sets the file of a row; undefined when there is none. */
  set(row: number, stat: FullStat | undefined): void {
    if (!stat) {
      this.#modes[row] = NOTHING;
      return;
    }
    this.#modes[row] = Number(stat.mode);
    const { dev, ino, size, mtimeNs, ctimeNs } = stat;
    const at = row * WORDS;
    this.#words[at] = dev;
    this.#words[at + 1] = ino;
    this.#words[at + 2] = size;
    this.#words[at + 3] = mtimeNs;
    this.#words[at + 4] = ctimeNs;
    if (BigInt.asIntN(64, mtimeNs) !== mtimeNs) this.rare(row).mtime = timestampOf(mtimeNs);
    this.#setDevice(row, stat.rdev);
  }

  /** Sets the file of a row from the words of `lstatAll`. */
  setWords(row: number, words: BigInt64Array, index: number): void {
    const at = index * STAT_WORDS;
    this.#modes[row] = Number(words[at]);
    const to = row * WORDS;
    for (let word = 0; word < WORDS; word++) this.#words[to + word] = words[at + 3 + word] as bigint;
    this.#setDevice(row, words[at + 2] as bigint);
  }

  #setDevice(row: number, rdev: bigint): void {
    const type = this.type(row);
    if (type === "char" || type === "block") this.rare(row).device = deviceOf(rdev);
  }

  /** Returns the rare fields of a row, to be changed. */
  rare(row: number): Rare {
    let rare = this.#rare.get(row);
    if (!rare) this.#rare.set(row, (rare = {}));
    return rare;
  }

  names(row: number): readonly string[] | undefined {
    return this.#rare.size === 0 ? undefined : this.#rare.get(row)?.names;
  }

  /** Returns undefined where nothing is, and for sockets, which no layer can hold. */
  type(row: number): NodeType | undefined {
    return typeOfMode(this.#modes[row] as number);
  }

  size(row: number): number {
    const at = (row * WORDS + 2) * 2;
    return (this.#halves[at + HIGH] as number) * 2 ** 32 + (this.#halves[at + LOW] as number);
  }

  stat(row: number): FileStat {
    const at = row * WORDS;
    const words = this.#words;
    return {
      dev: words[at] as bigint,
      ino: words[at + 1] as bigint,
      size: words[at + 2] as bigint,
      mtimeNs: words[at + 3] as bigint,
      ctimeNs: words[at + 4] as bigint,
    };
  }

  isHashed(row: number): boolean {
    return this.#hashed[row] === 1;
  }

  /** Notes that {@link digests} has the one of a row. */
  setHashed(row: number): void {
    this.#hashed[row] = 1;
  }

  /** Returns the metadata of a context's file: owned by 0:0, times and permissions kept. */
  meta(row: number, path: string): NodeMeta | undefined {
    const type = this.type(row);
    if (type === undefined) return undefined;
    const mode = (this.#modes[row] as number) & 0o7777;
    const size = type === "file" ? this.size(row) : 0;
    const meta: NodeMeta = { path, type, mode, uid: 0, gid: 0, size, mtime: this.#mtime(row) };
    const rare = this.#rare.size === 0 ? undefined : this.#rare.get(row);
    if (!rare) return meta;
    const { link, xattrs, device, mtime } = rare;
    return {
      ...meta,
      ...(mtime ? { mtime } : {}),
      ...(link === undefined ? {} : { link }),
      ...(xattrs ? { xattrs } : {}),
      ...(device ? { device } : {}),
    };
  }

  /**
   * Divides nanoseconds by a thousand million without bigints. The quotient of floating point may
   * be off by one, which the remainder of the low halves, exact in 32 bits, shows.
   */
  #mtime(row: number): Timestamp {
    const at = (row * WORDS + 3) * 2;
    const low = this.#halves[at + LOW] as number;
    let sec = Math.floor((((this.#halves[at + HIGH] as number) | 0) * 2 ** 32 + low) / SECOND);
    let nsec = (low - Math.imul(sec, SECOND)) | 0;
    if (nsec < 0) {
      nsec += SECOND;
      sec--;
    } else if (nsec >= SECOND) {
      nsec -= SECOND;
      sec++;
    }
    return { sec, nsec };
  }
}

const SECOND = 1_000_000_000;

/** Places of the halves of a word in the machine's order. */
const LOW = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;
