import type { Database } from "../database/database.js";
import { removeTree } from "./owner.js";

/**
 * Unneeded trees that are still on the disk. A tree gets a row before its layer's row is deleted,
 * so that a crash between the two forgets no tree. The worker removes the trees that this user
 * cannot remove (files of mapped ids).
 */
export class Orphans {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds a tree. Call inside the transaction that makes it an orphan. */
  add(path: string): void {
    this.#database.run("INSERT OR IGNORE INTO orphans (path) VALUES (?)", path);
  }

  list(): readonly string[] {
    if (!this.#database.exists) return [];
    return this.#database.all<{ path: string }>("SELECT path FROM orphans ORDER BY path").map(({ path }) => path);
  }

  forget(paths: readonly string[]): void {
    if (paths.length === 0) return;
    this.#database.transaction(() => {
      for (const path of paths) this.#database.run("DELETE FROM orphans WHERE path = ?", path);
    });
  }

  /** Removes the trees that can be removed from here. */
  remove(paths: readonly string[]): void {
    this.forget(paths.filter((path) => removeTree(path)));
  }
}
