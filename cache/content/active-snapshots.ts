import { renameSync } from "node:fs";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { systemErrorCode } from "../../core/errors.js";
import type { Database } from "../database/database.js";
import { ioError, layerMissing } from "../errors.js";
import { layerId, layerRow } from "../layer-id.js";
import type { StoreLeases } from "../processes/leases.js";
import type { Orphans } from "../processes/orphans.js";
import { removeTree, type Owner } from "../processes/owner.js";
import type { ActiveSnapshot, LayerId, LayerRecord } from "../contract/layers.js";
import type { StorePaths } from "../paths.js";
import { makeStoreDirectory } from "../private-directory.js";
import type { SnapshotKind } from "./snapshot-kind.js";
import type { StoreTotals } from "../database/totals.js";
import type { Unsynced } from "./unsynced.js";

export interface SnapshotParts {
  readonly database: Database;
  readonly owner: Owner;
  readonly leases: StoreLeases;
  readonly orphans: Orphans;
  readonly totals: Pick<StoreTotals, "addSnapshot">;
  readonly kind: SnapshotKind;
  readonly unsynced: Pick<Unsynced, "boot">;
  readonly paths: StorePaths;
  readonly read: (id: LayerId) => LayerRecord | undefined;
}

/**
 * Snapshots that are being written (containerd's word). A row in `drafts` names the staging
 * directory and its holder before the directory exists, so whatever a crash leaves is known. No
 * other process sees a staging directory.
 */
export class ActiveSnapshots {
  readonly #parts: SnapshotParts;
  readonly #open = new Set<ActiveSnapshot>();

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
  }

  /** Makes the staging directory of a new layer, in the final folder. */
  forNewLayer(): ActiveSnapshot {
    const { database, owner, leases, kind } = this.#parts;
    owner.directory();
    const row = database.transaction(() => {
      const { id } = database.run(
        "INSERT INTO layers (draft, verified, unpacked, virtual, created_at) VALUES (1, 1, 0, ?, ?)",
        kind.own,
        Date.now(),
      );
      database.run("INSERT INTO drafts (dir, holder, layer) VALUES (?, ?, ?)", layerId(id), owner.id, id);
      leases.leaseWritten("layer", layerId(id));
      return id;
    });
    return this.#make(layerId(row), layerId(row));
  }

  /**
   * Makes the staging directory of an existing layer's snapshot beside the final folder. The
   * complete directory is renamed to it.
   */
  forSnapshot(id: LayerId): ActiveSnapshot {
    const { database, owner, leases, kind } = this.#parts;
    owner.directory();
    const dir = `${id}-${randomBytes(4).toString("hex")}`;
    database.transaction(() => {
      // The unpacking process has a lock, so no other works on this layer. A snapshot with the
      // other kind of owners may have come since the layer was found.
      const { changes } = database.run(
        "UPDATE layers SET virtual = ? WHERE id = ? AND (unpacked = 0 OR virtual = ?)",
        kind.own,
        layerRow(id) ?? 0,
        kind.own,
      );
      if (changes === 0) throw layerMissing(id);
      database.run("INSERT INTO drafts (dir, holder, layer) VALUES (?, ?, ?)", dir, owner.id, layerRow(id) as number);
      leases.leaseWritten("layer", id);
    });
    return this.#make(id, dir);
  }

  discardAll(): void {
    for (const active of this.#open) active.discard();
  }

  #make(id: LayerId, dir: string): ActiveSnapshot {
    const base = join(this.#parts.paths.snapshots, dir);
    const finish = <T>(body: () => T): T => {
      if (!this.#open.delete(active)) throw new Error(`internal: the active snapshot of layer ${id} is finished already`);
      return body();
    };
    const active: ActiveSnapshot = {
      id,
      fs: join(base, "fs"),
      work: join(base, "work"),
      commitSnapshot: () => finish(() => this.#commit(id, dir)),
      discard: () => {
        if (this.#open.has(active)) finish(() => this.#discard(dir));
      },
    };
    this.#open.add(active);
    try {
      for (const path of [active.fs, active.work]) makeStoreDirectory(this.#parts.paths, path);
    } catch (error) {
      active.discard();
      throw ioError(`Cannot make a directory for layer ${id}`, error);
    }
    return active;
  }

  #commit(id: LayerId, dir: string): LayerRecord {
    const { database, orphans } = this.#parts;
    const base = join(this.#parts.paths.snapshots, dir);
    const workLeft = !removeTree(join(base, "work"));
    const row = layerRow(id) as number;
    // The rename is inside the transaction, so that no other process sees a snapshot without a row
    // that knows it.
    const { record, placed } = database.transaction(() => {
      const isThere = database.get("SELECT 1 FROM layers WHERE id = ?", row) !== undefined;
      const placed = isThere && (dir === id || this.#place(base, join(this.#parts.paths.snapshots, id)));
      this.#markUnpacked(row);
      database.run("DELETE FROM drafts WHERE dir = ?", dir);
      if (!placed) orphans.add(base);
      else if (workLeft) orphans.add(join(this.#parts.paths.snapshots, id, "work"));
      return { record: this.#parts.read(id), placed };
    });
    if (!placed) orphans.remove([base]);
    if (!record) throw layerMissing(id);
    if (placed) this.#parts.totals.addSnapshot(row);
    return record;
  }

  /** Marks a layer as unpacked. A base layer was finished before, when its image was made. */
  #markUnpacked(row: number): void {
    const { database, unsynced } = this.#parts;
    const { changes } = database.run(
      "UPDATE layers SET draft = 0, unpacked = 1, boot = ?, created_at = ? WHERE id = ? AND draft = 1",
      unsynced.boot,
      Date.now(),
      row,
    );
    if (changes === 0) database.run("UPDATE layers SET unpacked = 1, boot = ? WHERE id = ?", unsynced.boot, row);
  }

  /**
   * Renames the directory to its final place. Returns false when another process was faster: its
   * folder serves as well.
   */
  #place(from: string, to: string): boolean {
    try {
      renameSync(from, to);
      return true;
    } catch (error) {
      if (systemErrorCode(error) === "ENOTEMPTY" || systemErrorCode(error) === "EEXIST") return false;
      throw ioError(`Cannot place the snapshot "${to}"`, error);
    }
  }

  #discard(dir: string): void {
    const { database, orphans } = this.#parts;
    const base = join(this.#parts.paths.snapshots, dir);
    const gone = removeTree(base);
    database.transaction(() => {
      const draft = database.get<{ layer: number }>("SELECT layer FROM drafts WHERE dir = ?", dir);
      if (!draft) return;
      database.run("DELETE FROM drafts WHERE dir = ?", dir);
      database.run("DELETE FROM layers WHERE id = ? AND draft = 1", draft.layer);
      if (!gone) orphans.add(base);
    });
  }
}
