import { bootId } from "../../core/system/boot.js";
import type { Database } from "../database/database.js";
import { isUnwritable } from "../errors.js";
import { layerId } from "../layer-id.js";
import type { LayerId } from "../contract/layers.js";

/**
 * Snapshots whose files may never have reached the disk. Syncing thousands of files would cost
 * seconds in a build, so a row keeps the boot in which its snapshot was made until a later build
 * has synced the file system. After a reboot, a snapshot of another boot may be truncated: it is
 * compared with its table of contents before it is used.
 */
export class Unsynced {
  readonly #database: Database;
  readonly #currentBoot: () => string | undefined;
  #boot: string | undefined;
  #asked = false;

  constructor(database: Database, currentBoot: () => string | undefined = bootId) {
    this.#database = database;
    this.#currentBoot = currentBoot;
  }

  /** Boot id that is recorded with a new snapshot. */
  get boot(): string | null {
    if (!this.#asked) this.#boot = this.#currentBoot();
    this.#asked = true;
    return this.#boot ?? null;
  }

  isSuspect(boot: string | null): boolean {
    return boot !== null && boot !== this.boot;
  }

  /**
   * Drops snapshots of another boot that have no table of contents to compare with. No lookup finds
   * results that depend on them.
   */
  dropUnknown(drop: (id: LayerId) => void): void {
    const boots = this.#database.all<{ boot: string }>("SELECT DISTINCT boot FROM layers WHERE boot IS NOT NULL");
    if (!boots.some(({ boot }) => this.isSuspect(boot))) return;
    const rows = this.#database.all<{ id: number; boot: string }>(
      "SELECT id, boot FROM layers WHERE boot IS NOT NULL AND diff_id IS NULL AND draft = 0",
    );
    try {
      for (const { id, boot } of rows) if (this.isSuspect(boot)) drop(layerId(id));
    } catch (error) {
      if (!isUnwritable(error)) throw error;
    }
  }

  /**
   * Returns layers whose snapshots were made in this boot before now, and may not be on the disk.
   */
  pending(): readonly LayerId[] {
    if (!this.#database.exists) return [];
    return this.#database.all<{ id: number }>("SELECT id FROM layers WHERE boot = ? AND draft = 0", this.boot).map(({ id }) => layerId(id));
  }
}
