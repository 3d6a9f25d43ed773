import type { Digest } from "../../../core/digest.js";
import { LongText } from "../../../core/text/long-text.js";
import type { NodeType } from "../../../core/file-node.js";
import { DIGEST_SIZE, DigestColumn } from "./digest-column.js";
import { type Numbers, NumbersBuilder } from "./numbers.js";
import type { Toc, TocEntries, TocEntry } from "./toc.js";

/**
 * The entries of a TOC as columns, plain data. Note that we keep entries so in memory, between
 * threads and in the store, because an object for each entry takes four times the memory and
 * several times as long to clone or parse.
 */
export interface TocColumns {
  readonly length: number;
  /** Each path ends with NUL: a text of its own for each path would take 32 bytes more. */
  readonly paths: string;
  /** One letter of {@link LETTERS} each. */
  readonly types: string;
  readonly modes: Numbers;
  readonly uids: Numbers;
  readonly gids: Numbers;
  readonly sizes: Numbers;
  readonly secs: Numbers;
  readonly nsecs: Numbers;
  /** 32 bytes for each file, in order; zeros for a file without a digest. */
  readonly digests: Uint8Array;
  /** Fields that few entries have, by index. */
  readonly rare: Readonly<Record<string, RareFields>>;
}

type RareFields = Pick<TocEntry, "link" | "xattrs" | "device" | "hardlink" | "opaque">;

const LETTERS: Readonly<Record<NodeType, string>> = { file: "f", dir: "d", symlink: "l", char: "c", block: "b", fifo: "p" };
const TYPES = new Map(Object.entries(LETTERS).map(([type, letter]) => [letter, type as NodeType]));

/** Takes the entries of a TOC one after the other. */
export class TocColumnsBuilder {
  #length = 0;
  readonly #paths = new LongText();
  readonly #types = new LongText();
  readonly #modes = new NumbersBuilder();
  readonly #uids = new NumbersBuilder();
  readonly #gids = new NumbersBuilder();
  readonly #sizes = new NumbersBuilder();
  readonly #secs = new NumbersBuilder();
  readonly #nsecs = new NumbersBuilder();
  readonly #digests = new DigestColumn();
  #files = 0;
  readonly #rare: Record<string, RareFields> = {};

  add(entry: Omit<TocEntry, "digest">, digest: Digest | undefined): void {
    const { path, type, mode, uid, gid, size, mtime, link, xattrs, device, hardlink, opaque } = entry;
    if (link !== undefined || xattrs || device || hardlink !== undefined || opaque) {
      this.#rare[this.#length] = {
        ...(link === undefined ? {} : { link }),
        ...(xattrs ? { xattrs } : {}),
        ...(device ? { device } : {}),
        ...(hardlink === undefined ? {} : { hardlink }),
        ...(opaque ? { opaque } : {}),
      };
    }
    this.#length++;
    this.#paths.push(path);
    this.#paths.push("\0");
    this.#types.push(LETTERS[type]);
    this.#modes.push(mode);
    this.#uids.push(uid);
    this.#gids.push(gid);
    this.#sizes.push(size);
    this.#secs.push(mtime.sec);
    this.#nsecs.push(mtime.nsec);
    if (type !== "file") return;
    if (digest !== undefined) this.#digests.set(this.#files, digest);
    this.#files++;
  }

  /** Adds consecutive entries of another table, which lie behind those added from it before. */
  addRange(table: TocCursor, first: number, count: number): void {
    const { columns } = table;
    table.moveTo(first);
    const { path, file } = table;
    table.moveTo(first + count);
    const end = first + count;
    this.#paths.push(columns.paths.slice(path, table.path));
    this.#types.push(columns.types.slice(first, end));
    this.#modes.pushAll(columns.modes.subarray(first, end));
    this.#uids.pushAll(columns.uids.subarray(first, end));
    this.#gids.pushAll(columns.gids.subarray(first, end));
    this.#sizes.pushAll(columns.sizes.subarray(first, end));
    this.#secs.pushAll(columns.secs.subarray(first, end));
    this.#nsecs.pushAll(columns.nsecs.subarray(first, end));
    this.#digests.setAll(this.#files, columns.digests.subarray(file * DIGEST_SIZE, table.file * DIGEST_SIZE));
    this.#files += table.file - file;
    if (table.hasRare) {
      for (let index = first; index < end; index++) {
        const rare = columns.rare[index];
        if (rare) this.#rare[this.#length + index - first] = rare;
      }
    }
    this.#length += count;
  }

  columns(): TocColumns {
    return {
      length: this.#length,
      paths: this.#paths.toString(),
      types: this.#types.toString(),
      modes: this.#modes.numbers(),
      uids: this.#uids.numbers(),
      gids: this.#gids.numbers(),
      sizes: this.#sizes.numbers(),
      secs: this.#secs.numbers(),
      nsecs: this.#nsecs.numbers(),
      digests: this.#digests.bytes(this.#files),
      rare: this.#rare,
    };
  }

  entries(): TocEntries {
    return new ColumnEntries(this.columns());
  }
}

/** A place in a table that is read from its beginning to its end. */
export class TocCursor {
  readonly columns: TocColumns;
  readonly hasRare: boolean;
  #index = 0;
  /** Offset of the next path. */
  path = 0;
  /** Number of files before. */
  file = 0;

  constructor(columns: TocColumns) {
    this.columns = columns;
    this.hasRare = Object.keys(columns.rare).length > 0;
  }

  moveTo(index: number): void {
    const { paths, types } = this.columns;
    for (; this.#index < index; this.#index++) {
      this.path = paths.indexOf("\0", this.path) + 1;
      if (types[this.#index] === LETTERS.file) this.file++;
    }
  }
}

/**
 * Entries that are made when they are read. Structured cloning keeps only the {@link columns}: see
 * {@link revivedToc}.
 */
class ColumnEntries implements TocEntries {
  readonly columns: TocColumns;

  constructor(columns: TocColumns) {
    this.columns = columns;
  }

  get length(): number {
    return this.columns.length;
  }

  [Symbol.iterator](): Iterator<TocEntry> {
    return read(this.columns, new DigestColumn(this.columns.digests));
  }
}

/**
 * Yields entries without their digests. {@link TocColumns.digests} has the digests of files in this
 * order.
 */
export function entriesWithoutDigests(columns: TocColumns): Iterable<Omit<TocEntry, "digest">> {
  return read(columns, undefined);
}

function* read(columns: TocColumns, digests: DigestColumn | undefined): Generator<TocEntry, void> {
  const { length, paths, types, modes, uids, gids, sizes, secs, nsecs, rare } = columns;
  const hasRare = Object.keys(rare).length > 0;
  let start = 0;
  let files = 0;
  let mtime = { sec: 0, nsec: 0 };
  for (let index = 0; index < length; index++) {
    const end = paths.indexOf("\0", start);
    const path = paths.slice(start, end);
    start = end + 1;
    const type = TYPES.get(types[index] as string) as NodeType;
    const digest = type === "file" ? digests?.get(files++) : undefined;
    const mode = modes[index] as number;
    const uid = uids[index] as number;
    const gid = gids[index] as number;
    const size = sizes[index] as number;
    const sec = secs[index] as number;
    const nsec = nsecs[index] as number;
    // Neighbours are often equally old.
    if (mtime.sec !== sec || mtime.nsec !== nsec) mtime = { sec, nsec };
    const entry: TocEntry =
      digest === undefined ? { path, type, mode, uid, gid, size, mtime } : { path, type, mode, uid, gid, size, mtime, digest };
    const more = hasRare ? rare[index] : undefined;
    yield more ? { ...entry, ...more } : entry;
  }
}

export function entriesOf(columns: TocColumns): TocEntries {
  return new ColumnEntries(columns);
}

export function columnsOf(entries: TocEntries): TocColumns {
  if (entries instanceof ColumnEntries) return entries.columns;
  const builder = new TocColumnsBuilder();
  for (const entry of entries) builder.add(entry, entry.digest);
  return builder.columns();
}

/** Copies numbers out of a message, because they would keep all of it in memory. */
function alone({ length, paths, types, rare, ...numbers }: TocColumns): TocColumns {
  const { modes, uids, gids, sizes, secs, nsecs, digests } = numbers;
  return {
    length,
    paths,
    types,
    modes: copied(modes),
    uids: copied(uids),
    gids: copied(gids),
    sizes: copied(sizes),
    secs: copied(secs),
    nsecs: copied(nsecs),
    digests: copied(digests),
    rare,
  };
}

function copied<T extends Numbers>(numbers: T): T {
  return numbers.byteLength === numbers.buffer.byteLength ? numbers : (numbers.slice() as T);
}

/** Restores a TOC that came from another thread or process, where its entries lost their class. */
export function revivedToc(toc: Toc): Toc {
  return "columns" in toc.entries ? { ...toc, entries: new ColumnEntries(alone(toc.entries.columns as TocColumns)) } : toc;
}
