import { existsSync, lstatSync, statfsSync } from "node:fs";
import type { Toc } from "../../oci/layer/model/toc.js";
import type { Database } from "./database.js";

const BLOCK = 4096;
/** Bytes: the reserve, the index and its log. */
const EMPTY = 2 << 20;
/** Milliseconds after which estimates have added up long enough: the next build that adds something looks at everything again. */
const TRUSTED = 24 * 3_600_000;

interface Row {
  readonly bytes: number;
  readonly measured_at: number;
  readonly collect_above: number;
  readonly measured: number | null;
  readonly free: number | null;
}

/** What is known before everything is looked at. */
export interface Measuring {
  readonly bytes: number;
  readonly free: number | undefined;
}

/**
 * How many bytes the store takes, without looking: a row that every handle adds to when it is closed, and that is put right whenever
 * everything is measured (`du`, collection). What nobody adds (the index, a cache mount of very many files) shows in the free space of the disk:
 * the store cannot have grown by more than has gone of that.
 */
export class StoreTotals {
  #added = 0;
  readonly #snapshots = new Set<number>();
  readonly #mounts = new Set<string>();

  /** `free`: bytes that are free on the store's disk. */
  constructor(
    private readonly database: Database,
    private readonly free: () => number | undefined,
  ) {}

  /** A store that is made from nothing has no more than its index. */
  begin(): void {
    this.database.run(
      "INSERT OR IGNORE INTO totals (id, bytes, measured_at, collect_above, measured, free) VALUES (1, ?, ?, 0, ?, ?)",
      EMPTY,
      Date.now(),
      EMPTY,
      this.free() ?? null,
    );
  }

  /** This handle put a file in place. */
  addFile(path: string): void {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat) this.#added += stat.blocks * 512;
  }

  /** Negative for what it removed. */
  addBytes(bytes: number): void {
    this.#added += bytes;
  }

  /** This handle made the snapshot of a layer; its size is found out when it is asked for. */
  addSnapshot(layer: number): void {
    this.#snapshots.add(layer);
  }

  /** This handle gave out a cache mount, which may have grown. */
  addMount(id: string): void {
    this.#mounts.add(id);
  }

  /** Snapshots and mounts of this handle whose size nobody asked for yet. */
  takeOpen(): { readonly snapshots: readonly number[]; readonly mounts: readonly string[] } {
    const open = { snapshots: [...this.#snapshots], mounts: [...this.#mounts] };
    this.#snapshots.clear();
    this.#mounts.clear();
    return open;
  }

  /** Whether this handle wrote anything. */
  get grew(): boolean {
    return this.#added > 0 || this.#snapshots.size > 0 || this.#mounts.size > 0;
  }

  /**
   * Bytes, with what this handle added; undefined when nobody knows well enough. `most` is what it may take at the utmost, as far as the disk's free
   * space tells: more than `bytes` also when other programs wrote to the disk.
   */
  current(): { readonly bytes: number; readonly most: number; readonly collectAbove: number } | undefined {
    const row = this.#row();
    // A clock that was put back makes nothing young.
    if (!row || Math.abs(Date.now() - row.measured_at) > TRUSTED) return undefined;
    const bytes = row.bytes + this.#added;
    const gone = (row.free ?? 0) - (this.free() ?? Infinity);
    return { bytes, most: Math.max(bytes, (row.measured ?? 0) + gone), collectAbove: row.collect_above };
  }

  /** Call before everything is looked at; what it answers is for {@link measured}. */
  measuring(): Measuring {
    return { bytes: this.#row()?.bytes ?? 0, free: this.free() };
  }

  /** Everything was looked at, this handle's part too. What others added meanwhile may have been seen or not: it is counted. */
  measured(bytes: number, { bytes: before, free }: Measuring): void {
    this.#added = 0;
    this.#snapshots.clear();
    this.#mounts.clear();
    const now = Date.now();
    this.database.run(
      `INSERT INTO totals (id, bytes, measured_at, collect_above, measured, free) VALUES (1, ?, ?, 0, ?, ?)
       ON CONFLICT (id) DO UPDATE SET bytes = excluded.bytes + max(0, bytes - ?), measured_at = excluded.measured_at,
         measured = excluded.measured, free = excluded.free`,
      bytes,
      now,
      bytes,
      free ?? null,
      before,
    );
  }

  collectAbove(bytes: number): void {
    this.database.run("UPDATE totals SET collect_above = ? WHERE id = 1", Math.round(bytes));
  }

  #row(): Row | undefined {
    return this.database.get<Row>("SELECT bytes, measured_at, collect_above, measured, free FROM totals WHERE id = 1");
  }

  /** Writes down what this handle added. */
  close(): void {
    if (this.#added === 0) return;
    this.database.run("UPDATE totals SET bytes = max(0, bytes + ?) WHERE id = 1", this.#added);
    this.#added = 0;
  }
}

/** Bytes that are free on the disk of `path`, for whoever may write most; undefined while the path is not there. */
export function freeBytes(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const { bfree, bsize } = statfsSync(path);
  return bfree * bsize;
}

/** What a layer takes once it is unpacked, near enough: files in whole blocks, and a block for each directory. */
export function estimateSnapshot({ entries }: Toc): number {
  let bytes = 0;
  for (const { type, size = 0, hardlink } of entries) {
    if (type === "dir") bytes += BLOCK;
    else if (type === "file" && hardlink === undefined) bytes += Math.ceil(size / BLOCK) * BLOCK;
  }
  return bytes;
}
