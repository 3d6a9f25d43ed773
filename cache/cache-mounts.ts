import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Database } from "./database.js";
import type { StoreLeases } from "./leases.js";
import type { Owner } from "./owner.js";

/** Directories of cache mounts (`RUN --mount=type=cache`), by id. */
export class CacheMounts {
  constructor(
    private readonly database: Database,
    private readonly owner: Owner,
    private readonly leases: StoreLeases,
    private readonly directory: string,
  ) {}

  /** Where the mount's files are. Leased until the handle is closed. */
  path(id: string): string {
    this.owner.directory();
    return this.database.transaction(() => {
      const known = this.database.get<{ dir: string }>("SELECT dir FROM mounts WHERE id = ?", id);
      const dir = known?.dir ?? newDirectory(id);
      this.database.run("INSERT OR REPLACE INTO mounts (id, dir, used_at) VALUES (?, ?, ?)", id, dir, Date.now());
      this.leases.keepWritten("mount", id);
      return join(this.directory, dir);
    });
  }
}

/** Never the name of a former mount with this id: that one may still be waiting to be removed. */
function newDirectory(id: string): string {
  return `${createHash("sha256").update(id).digest("hex").slice(0, 16)}-${randomBytes(4).toString("hex")}`;
}
