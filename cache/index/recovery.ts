import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { IndexedBuilds } from "../builds/build-history.js";
import type { Database } from "../database/database.js";
import type { Orphans } from "../processes/orphans.js";
import { removeTree } from "../processes/owner.js";
import type { StorePaths } from "../paths.js";
import { layerId, layerRow } from "../layer-id.js";
import type { Unsynced } from "../content/unsynced.js";

interface DraftRow {
  readonly dir: string;
  readonly layer: number;
}

/**
 * Removes the unfinished work of a holder whose process died: staging directories, leases,
 * temporary files. The caller holds its lock.
 */
export function cleanUpAfter(
  holder: string,
  directory: string,
  parts: {
    database: Database;
    orphans: Orphans;
    paths: StorePaths;
    builds: Pick<IndexedBuilds, "recordInterrupted">;
    unsynced: Pick<Unsynced, "boot">;
  },
): void {
  const { database, orphans, paths, builds, unsynced } = parts;
  if (database.exists) {
    const left = database.transaction(() => {
      const trees = database.all<DraftRow>("SELECT dir, layer FROM drafts WHERE holder = ?", holder).map(({ dir, layer }) => {
        const dropped = database.run("DELETE FROM layers WHERE id = ? AND draft = 1", layer).changes > 0;
        // The snapshot of an existing layer is renamed into place before its row is updated: an
        // existing one is complete.
        if (!dropped && existsSync(join(paths.snapshots, layerId(layer))))
          database.run("UPDATE layers SET unpacked = 1, boot = ? WHERE id = ?", unsynced.boot, layer);
        return join(paths.snapshots, dir);
      });
      for (const tree of trees) orphans.add(tree);
      database.run("DELETE FROM drafts WHERE holder = ?", holder);
      database.run("DELETE FROM leases WHERE holder = ?", holder);
      return trees;
    });
    orphans.remove(left);
  }
  if (database.exists && existsSync(directory)) builds.recordInterrupted(directory);
  if (!removeTree(directory)) orphans.add(directory);
}

/**
 * Returns the holders of staging directories or leases, dead or alive. A process that ends on a
 * full disk leaves its rows.
 */
export function holders(database: Database): readonly string[] {
  if (!database.exists) return [];
  const rows = database.all<{ holder: string }>("SELECT holder FROM leases WHERE expires IS NULL UNION SELECT holder FROM drafts");
  return rows.map(({ holder }) => holder);
}

/**
 * Registers the files beside a new database. Snapshots and cache mounts without a row are garbage,
 * and the snapshots' names must not be used again.
 */
export function adoptTrees(database: Database, orphans: Orphans, paths: StorePaths): void {
  let highest = 0;
  for (const directory of [paths.snapshots, paths.mounts]) {
    for (const name of existsSync(directory) ? readdirSync(directory) : []) {
      orphans.add(join(directory, name));
      highest = Math.max(highest, layerRow(name.split("-")[0] as string) ?? 0);
    }
  }
  if (highest > 0) database.run("INSERT INTO sqlite_sequence (name, seq) VALUES ('layers', ?)", highest);
}
