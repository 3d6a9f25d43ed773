import { type Digest, digestHex } from "../../../core/digest.js";
import { LongText } from "../../../core/text/long-text.js";
import type { NodeType } from "../../../core/file-node.js";
import type { Toc, TocEntries, TocEntry } from "./toc.js";

/**
 * The entries of a TOC as columns, plain data: this is how they are kept in memory, sent between
 * threads and stored, because an object for each entry takes twice the memory and several times as
 * long to clone or parse.
 */
export interface TocColumns {
  readonly paths: readonly string[];
  /** One letter of {@link LETTERS} each. */
  readonly types: string;
  readonly modes: readonly number[];
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly sizes: readonly number[];
  readonly secs: readonly number[];
  readonly nsecs: readonly number[];
  /**
   * 64 hex digits for each file, in order, without anything between; files without a digest have
   * 64 dashes.
   */
  readonly digests: string;
  /** Fields that few entries have, by index. */
  readonly rare: Readonly<Record<string, RareFields>>;
}

type RareFields = Pick<TocEntry, "link" | "xattrs" | "device" | "hardlink" | "opaque">;

const LETTERS: Readonly<Record<NodeType, string>> = { file: "f", dir: "d", symlink: "l", char: "c", block: "b", fifo: "p" };
const TYPES = new Map(Object.entries(LETTERS).map(([type, letter]) => [letter, type as NodeType]));
const HEX = 64;
const NONE = "-".repeat(HEX);

/** Takes the entries of a TOC one after the other. */
export class TocColumnsBuilder {
  readonly #paths: string[] = [];
  readonly #modes: number[] = [];
  readonly #uids: number[] = [];
  readonly #gids: number[] = [];
  readonly #sizes: number[] = [];
  readonly #secs: number[] = [];
  readonly #nsecs: number[] = [];
  readonly #rare: Record<string, RareFields> = {};
  readonly #types = new LongText();
  readonly #digests = new LongText();

  add(entry: Omit<TocEntry, "digest">, digest: Digest | undefined): void {
    const { path, type, mode, uid, gid, size, mtime, link, xattrs, device, hardlink, opaque } = entry;
    if (link !== undefined || xattrs || device || hardlink !== undefined || opaque) {
      this.#rare[this.#paths.length] = {
        ...(link === undefined ? {} : { link }),
        ...(xattrs ? { xattrs } : {}),
        ...(device ? { device } : {}),
        ...(hardlink === undefined ? {} : { hardlink }),
        ...(opaque ? { opaque } : {}),
      };
    }
    this.#paths.push(path);
    this.#types.push(LETTERS[type]);
    this.#modes.push(mode);
    this.#uids.push(uid);
    this.#gids.push(gid);
    this.#sizes.push(size);
    this.#secs.push(mtime.sec);
    this.#nsecs.push(mtime.nsec);
    if (type === "file") this.#digests.push(digest === undefined ? NONE : digestHex(digest));
  }

  entries(): TocEntries {
    return new ColumnEntries({
      paths: this.#paths,
      types: this.#types.toString(),
      modes: this.#modes,
      uids: this.#uids,
      gids: this.#gids,
      sizes: this.#sizes,
      secs: this.#secs,
      nsecs: this.#nsecs,
      digests: this.#digests.toString(),
      rare: this.#rare,
    });
  }
}

/**
 * Entries that are made when they are looked at. Structured cloning leaves {@link columns} of it:
 * see {@link revivedToc}.
 */
class ColumnEntries implements TocEntries {
  constructor(readonly columns: TocColumns) {}

  get length(): number {
    return this.columns.paths.length;
  }

  *[Symbol.iterator](): Iterator<TocEntry> {
    const { paths, types, modes, uids, gids, sizes, secs, nsecs, digests, rare } = this.columns;
    const hasRare = Object.keys(rare).length > 0;
    let offset = 0;
    let mtime = { sec: 0, nsec: 0 };
    for (let index = 0; index < paths.length; index++) {
      const type = TYPES.get(types[index] as string) as NodeType;
      let hex: string = NONE;
      if (type === "file") {
        hex = digests.slice(offset, offset + HEX);
        offset += HEX;
      }
      const sec = secs[index] as number;
      const nsec = nsecs[index] as number;
      // Neighbours are often equally old.
      if (mtime.sec !== sec || mtime.nsec !== nsec) mtime = { sec, nsec };
      const entry: TocEntry = {
        path: paths[index] as string,
        type,
        mode: modes[index] as number,
        uid: uids[index] as number,
        gid: gids[index] as number,
        size: sizes[index] as number,
        mtime,
        ...(hex === NONE ? undefined : { digest: `sha256:${hex}` as Digest }),
      };
      const more = hasRare ? rare[index] : undefined;
      yield more ? { ...entry, ...more } : entry;
    }
  }
}

export function entriesOf(columns: TocColumns): TocEntries {
  return new ColumnEntries(columns);
}

export function columnsOf(entries: TocEntries): TocColumns {
  if (entries instanceof ColumnEntries) return entries.columns;
  const builder = new TocColumnsBuilder();
  for (const entry of entries) builder.add(entry, entry.digest);
  return (builder.entries() as ColumnEntries).columns;
}

/** Restores a TOC that came from another thread or process, where its entries lost their class. */
export function revivedToc(toc: Toc): Toc {
  return "columns" in toc.entries ? { ...toc, entries: new ColumnEntries(toc.entries.columns as TocColumns) } : toc;
}
