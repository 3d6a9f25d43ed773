import type { Database } from "../database/database.js";

/** Kinds of snapshots, as in the column `virtual` of the table of layers. */
const KINDS = { mapped: 0, virtual: 1, copied: 2, looked: 3, "copied-virtual": 4 } as const;

/**
 * `mapped`, `virtual`: the owners of files in snapshots and cache mounts are mapped into a user
 * namespace, or virtual (executor-native/ownership.ts). `copied`, `copied-virtual`: the same
 * (without namespaces owners are real), and deletions are noted in a form that needs no device.
 * Only copies of layers understand this form. `looked`: deletions likewise, and all files belong to
 * this user; owners and modes are attributes (helper/supervised/looks.h).
 */
export type SnapshotForm = keyof typeof KINDS;

/**
 * Keeps the kinds apart: a process of one kind can neither use the files of another nor see whom
 * they belong to. So a layer whose snapshot is of another kind counts as missing, and results that
 * depend on it as not found.
 */
export class SnapshotKind {
  readonly #database: Database;
  readonly #form: () => SnapshotForm;
  #own: (typeof KINDS)[SnapshotForm] | undefined;
  #mixed: boolean | undefined;

  constructor(database: Database, form: () => SnapshotForm) {
    this.#database = database;
    this.#form = form;
  }

  /** Value of the column `virtual` in the table of layers. */
  get own(): (typeof KINDS)[SnapshotForm] {
    this.#own ??= KINDS[this.#form()];
    return this.#own;
  }

  isForeign(row: { readonly unpacked: number; readonly virtual: number }): boolean {
    return row.unpacked === 1 && row.virtual !== this.own;
  }

  /**
   * Returns true when layers of a stack are of the other kind. Asks once for the whole handle where
   * the store never had both.
   */
  isForeignStack(id: number | null): boolean {
    this.#mixed ??= this.#hasForeign();
    if (!this.#mixed || id === null) return false;
    const found = this.#database.get(
      `WITH RECURSIVE part (id) AS (
         SELECT ? UNION SELECT s.below FROM stacks s JOIN part ON s.id = part.id WHERE s.below IS NOT NULL
       ) SELECT 1 FROM part JOIN stacks s ON s.id = part.id JOIN layers l ON l.id = s.layer
         WHERE l.unpacked = 1 AND l.virtual <> ? LIMIT 1`,
      id,
      this.own,
    );
    return found !== undefined;
  }

  /**
   * Returns true when any layer of the store is foreign. Note that we ask for this process's kind
   * only where layers are unpacked, because finding it out can take a trial of 20 ms.
   */
  #hasForeign(): boolean {
    const kinds = this.#database.all<{ virtual: number }>("SELECT DISTINCT virtual FROM layers WHERE unpacked = 1");
    return kinds.some(({ virtual }) => virtual !== this.own);
  }
}
