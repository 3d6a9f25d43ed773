import { existsSync, lstatSync, statfsSync } from "node:fs";
import type { Toc } from "../../oci/layer/model/toc.js";
import type { Database } from "./database.js";

const BLOCK = 4096;
/** Bytes of the reserve, the index and its log. */
const EMPTY = 2 << 20;
/**
 * Milliseconds for which estimates are trusted. The next build that adds something then measures
 * everything again.
 */
const TRUSTED = 24 * 3_600_000;

interface Row {
  readonly bytes: number;
  readonly measured_at: number;
  readonly collect_above: number;
  readonly measured: number | null;
  readonly free: number | null;
}

/** Totals before a measurement begins. */
interface Measuring {
  readonly bytes: number;
  readonly free: number | undefined;
}

/**
 * Estimate of the store's size without measuring: a row that every handle adds to on close,
 * corrected whenever everything is measured (`du`, collection). Growth that no handle adds (the
 * index, a cache mount of very many files) shows in the free space of the disk: the store cannot
 * have grown by more than the free space shrank.
 */
export class StoreTotals {
  readonly #database: Database;
  readonly #free: () => number | undefined;
  #added = 0;
  readonly #snapshots = new Set<number>();
  readonly #mounts = new Set<string>();

  /** `free` returns the bytes that are free on the store's disk. */
  constructor(database: Database, free: () => number | undefined) {
    this.#database = database;
    this.#free = free;
  }

  /** Starts the totals of a new store, which has no more than its index. */
  begin(): void {
    this.#database.run(
      "INSERT OR IGNORE INTO totals (id, bytes, measured_at, collect_above, measured, free) VALUES (1, ?, ?, 0, ?, ?)",
      EMPTY,
      Date.now(),
      EMPTY,
      this.#free() ?? null,
    );
  }

  /** Adds a file that this handle put in place. */
  addFile(path: string): void {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat) this.#added += stat.blocks * 512;
  }

  /** Adds bytes; negative ones were removed. */
  addBytes(bytes: number): void {
    this.#added += bytes;
  }

  /**
   * Notes that this handle made the snapshot of a layer. Its size is measured when it is needed.
   */
  addSnapshot(layer: number): void {
    this.#snapshots.add(layer);
  }

  /** Notes that this handle used a cache mount, which may have grown. */
  addMount(id: string): void {
    this.#mounts.add(id);
  }

  /** Returns and forgets the snapshots and mounts of this handle whose size was not read yet. */
  takeOpen(): { readonly snapshots: readonly number[]; readonly mounts: readonly string[] } {
    const open = { snapshots: [...this.#snapshots], mounts: [...this.#mounts] };
    this.#snapshots.clear();
    this.#mounts.clear();
    return open;
  }

  /** True when this handle wrote anything. */
  get grew(): boolean {
    return this.#added > 0 || this.#snapshots.size > 0 || this.#mounts.size > 0;
  }

  /**
   * Returns the bytes, with this handle's additions; undefined when they are too uncertain. `most`
   * is an upper bound by the disk's free space: it exceeds `bytes` also when other programs wrote
   * to the disk.
   */
  current(): { readonly bytes: number; readonly most: number; readonly collectAbove: number } | undefined {
    const row = this.#row();
    // A clock that was set back makes nothing young.
    if (!row || Math.abs(Date.now() - row.measured_at) > TRUSTED) return undefined;
    const bytes = row.bytes + this.#added;
    const gone = (row.free ?? 0) - (this.#free() ?? Infinity);
    return { bytes, most: Math.max(bytes, (row.measured ?? 0) + gone), collectAbove: row.collect_above };
  }

  /** Starts a measurement. Its result is for {@link measured}. */
  measuring(): Measuring {
    return { bytes: this.#row()?.bytes ?? 0, free: this.#free() };
  }

  /**
   * Stores a measurement of everything, this handle's part included. Additions of others meanwhile
   * may have been measured or not; they are added.
   */
  measured(bytes: number, { bytes: before, free }: Measuring): void {
    this.#added = 0;
    this.#snapshots.clear();
    this.#mounts.clear();
    const now = Date.now();
    this.#database.run(
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
    this.#database.run("UPDATE totals SET collect_above = ? WHERE id = 1", Math.round(bytes));
  }

  #row(): Row | undefined {
    return this.#database.get<Row>("SELECT bytes, measured_at, collect_above, measured, free FROM totals WHERE id = 1");
  }

  /** Writes this handle's additions. */
  close(): void {
    if (this.#added === 0) return;
    this.#database.run("UPDATE totals SET bytes = max(0, bytes + ?) WHERE id = 1", this.#added);
    this.#added = 0;
  }
}

/**
 * Returns the bytes that are free on the disk of `path` for a privileged user. Returns undefined
 * while the path does not exist.
 */
export function freeBytes(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const { bfree, bsize } = statfsSync(path);
  return bfree * bsize;
}

/**
 * Estimates the bytes of an unpacked layer: files in whole blocks, and a block for each directory.
 */
export function estimateSnapshot({ entries }: Toc): number {
  let bytes = 0;
  for (const { type, size = 0, hardlink } of entries) {
    if (type === "dir") bytes += BLOCK;
    else if (type === "file" && hardlink === undefined) bytes += Math.ceil(size / BLOCK) * BLOCK;
  }
  return bytes;
}
