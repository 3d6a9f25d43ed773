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
   * Returns true when layers of a stack are of the other kind. Asks once for the whole handle where
   * the store never had both.
   */
  isForeignStack(id: number | null): boolean {
    const condition = this.own === 1 ? "l.unpacked = 1 AND l.virtual = 0" : "l.virtual = 1 AND l.unpacked = 1";
    this.#mixed ??= this.database.get(`SELECT 1 FROM layers l WHERE ${condition} LIMIT 1`) !== undefined;
    if (!this.#mixed || id === null) return false;
    const found = this.database.get(
      `WITH RECURSIVE part (id) AS (
         SELECT ? UNION SELECT s.below FROM stacks s JOIN part ON s.id = part.id WHERE s.below IS NOT NULL
       ) SELECT 1 FROM part JOIN stacks s ON s.id = part.id JOIN layers l ON l.id = s.layer WHERE ${condition} LIMIT 1`,
      id,
    );
    return found !== undefined;
  }
}
