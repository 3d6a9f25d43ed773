import type { Database } from "../database/database.js";

/**
 * Owners of files in snapshots and cache mounts are mapped into a user namespace, or virtual: see
 * executor-native/ownership.ts. A handle of one kind can neither use the other's files nor read
 * their owners. So a layer with a snapshot of the other kind counts as absent, and results that
 * depend on it are not found.
 */
export class SnapshotKind {
  #virtual: boolean | undefined;
  #mixed: boolean | undefined;

  constructor(
    private readonly database: Database,
    private readonly isVirtual: () => boolean,
  ) {}

  /** Value of the column `virtual` in the table of layers. */
  get own(): 0 | 1 {
    this.#virtual ??= this.isVirtual();
    return this.#virtual ? 1 : 0;
  }

  isForeign(row: { readonly unpacked: number; readonly virtual: number }): boolean {
    return row.unpacked === 1 && row.virtual !== this.own;
  }

  /**
   * Returns true when a result depends on layers of the other kind. Asks once for the whole handle
   * where the store never had both.
   */
  isForeignResult(id: number): boolean {
    const condition = this.own === 1 ? "l.unpacked = 1 AND l.virtual = 0" : "l.virtual = 1 AND l.unpacked = 1";
    this.#mixed ??= this.database.get(`SELECT 1 FROM layers l WHERE ${condition} LIMIT 1`) !== undefined;
    if (!this.#mixed) return false;
    return (
      this.database.get(`SELECT 1 FROM result_layers r JOIN layers l ON l.id = r.layer WHERE r.result = ? AND ${condition} LIMIT 1`, id) !==
      undefined
    );
  }
}
