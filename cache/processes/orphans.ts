import type { Database } from "../database/database.js";
import { removeTree } from "./owner.js";

/**
 * Trees nobody needs that are still on the disk. A row stands for each before its layer's row goes, so that a crash between the two
 * forgets none; what this user cannot remove (files of mapped ids) waits for the worker.
 */
export class Orphans {
  constructor(private readonly database: Database) {}

  /** Inside the transaction that makes them orphans. */
  add(path: string): void {
    this.database.run("INSERT OR IGNORE INTO orphans (path) VALUES (?)", path);
  }

  list(): readonly string[] {
    if (!this.database.exists) return [];
    return this.database.all<{ path: string }>("SELECT path FROM orphans ORDER BY path").map(({ path }) => path);
  }

  forget(paths: readonly string[]): void {
    if (paths.length === 0) return;
    this.database.transaction(() => {
      for (const path of paths) this.database.run("DELETE FROM orphans WHERE path = ?", path);
    });
  }

  /** Removes what can be removed from here. */
  remove(paths: readonly string[]): void {
    this.forget(paths.filter((path) => removeTree(path)));
  }
}
