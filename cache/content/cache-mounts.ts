import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Database } from "../database/database.js";
import type { StoreLeases } from "../processes/leases.js";
import type { Owner } from "../processes/owner.js";
import type { SnapshotKind } from "./snapshot-kind.js";
import type { StoreTotals } from "../database/totals.js";

/** Suffix of a mount's directory until its owner and mode are set. */
export const UNFINISHED_MOUNT = ".new";

interface CacheMountsOptions {
  readonly database: Database;
  readonly owner: Owner;
  readonly leases: StoreLeases;
  readonly directory: string;
  readonly totals: Pick<StoreTotals, "addMount">;
  readonly kind: SnapshotKind;
}

/** Directories of cache mounts (`RUN --mount=type=cache`), by id. */
export class CacheMounts {
  readonly #database: Database;
  readonly #owner: Owner;
  readonly #leases: StoreLeases;
  readonly #directory: string;
  readonly #totals: Pick<StoreTotals, "addMount">;
  readonly #kind: SnapshotKind;

  constructor({ database, owner, leases, directory, totals, kind }: CacheMountsOptions) {
    this.#database = database;
    this.#owner = owner;
    this.#leases = leases;
    this.#directory = directory;
    this.#totals = totals;
    this.#kind = kind;
  }

  /**
   * Returns the directory of a mount, which differs between mapped and virtual owners. Leases the
   * mount until the handle is closed. `name` is shown to people.
   */
  path(plainId: string, name?: string): string {
    const id = this.#kind.own === 1 ? `${plainId}-virtual` : plainId;
    this.#totals.addMount(id);
    this.#owner.directory();
    return this.#database.transaction(() => {
      const known = this.#database.get<{ dir: string }>("SELECT dir FROM mounts WHERE id = ?", id);
      const dir = known?.dir ?? newDirectory(id);
      this.#database.run(
        `INSERT INTO mounts (id, dir, used_at, name) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at, name = coalesce(excluded.name, name)`,
        id,
        dir,
        Date.now(),
        name ?? null,
      );
      this.#leases.leaseWritten("mount", id);
      return join(this.#directory, dir);
    });
  }
}

/**
 * Returns a new name for a mount's directory. A former mount with this id may still be waiting to
 * be removed under its own name.
 */
function newDirectory(id: string): string {
  return `${createHash("sha256").update(id).digest("hex").slice(0, 16)}-${randomBytes(4).toString("hex")}`;
}
