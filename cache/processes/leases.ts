import { TsbuildError } from "../../core/errors.js";
import type { Database } from "../database/database.js";
import { isUnwritable } from "../errors.js";
import { isRunning, type Owner } from "./owner.js";
import type { Lease, LeaseKind, Leases } from "../contract/leases.js";

/**
 * Milliseconds that a lease lasts when its holder has not taken its lock. A fully cached build
 * writes nothing and ends soon, so it need not load the native code that locking takes.
 */
const TIMED = 10 * 60_000;

interface StoreLeasesOptions {
  readonly database: Database;
  readonly owner: Owner;
  readonly exists: (kind: LeaseKind, id: string) => boolean;
}

/** Leases as rows, one for each holder and part. */
export class StoreLeases implements Leases {
  readonly #database: Database;
  readonly #owner: Owner;
  readonly #exists: (kind: LeaseKind, id: string) => boolean;
  /** Number of times that this handle holds a part explicitly. */
  readonly #counts = new Map<string, number>();
  /**
   * Parts that this handle wrote or found. The parts are kept until something refers to them or the
   * handle is closed.
   */
  readonly #written = new Set<string>();
  /** Timer that is set while some leases of this handle expire. */
  #renewal: NodeJS.Timeout | undefined;

  constructor({ database, owner, exists }: StoreLeasesOptions) {
    this.#database = database;
    this.#owner = owner;
    this.#exists = exists;
  }

  hold(kind: LeaseKind, ids: readonly (string | number)[]): Lease {
    if (ids.length === 0) return { held: [], release() {} };
    const there = () => ids.map(String).filter((id) => this.#exists(kind, id));
    let held: readonly string[];
    try {
      // Collection looks and removes inside a transaction too, so an existing part stays.
      const fresh = new Set(ids.map(String).filter((id) => !this.isLeased(kind, id)));
      const add = (): readonly string[] => {
        const found = there();
        for (const id of found) if (fresh.has(id)) this.#insert(kind, id);
        return found;
      };
      held = fresh.size === 0 ? there() : this.#database.transaction(add);
    } catch (error) {
      // On a read-only store, existing parts can still be used, and collection cannot remove much.
      if (!isUnwritable(error)) throw error;
      return { held: there(), release() {} };
    }
    for (const id of held) this.#counts.set(keyOf(kind, id), (this.#counts.get(keyOf(kind, id)) ?? 0) + 1);
    let released = false;
    return {
      held,
      release: () => {
        if (released) return;
        released = true;
        const free = held.filter((id) => this.#countDown(keyOf(kind, id)) && !this.#written.has(keyOf(kind, id)));
        if (free.length > 0) this.#database.transaction(() => this.#delete(kind, free));
      },
    };
  }

  /** Leases a part that this handle is about to write, or needs in the same way. */
  leaseWritten(kind: LeaseKind, id: string): void {
    const key = keyOf(kind, id);
    if (this.#written.has(key)) return;
    if (!this.#counts.has(key)) this.#insert(kind, id);
    this.#written.add(key);
  }

  /**
   * Leases a part that this handle found and is going to use. Returns false when it is gone.
   * Collection looks and removes inside a transaction too, so an existing part stays.
   */
  leaseFound(kind: LeaseKind, id: string): boolean {
    if (this.isLeased(kind, id)) return true;
    try {
      return this.#database.transaction(() => {
        if (!this.#exists(kind, id)) return false;
        this.leaseWritten(kind, id);
        return true;
      });
    } catch (error) {
      // The store is read-only, see `hold`.
      if (isUnwritable(error)) return this.#exists(kind, id);
      throw error;
    }
  }

  /** Leases the parts that are there as {@link leaseFound} does, in one commit. */
  leaseAllFound(kind: LeaseKind, ids: readonly string[]): void {
    const fresh = [...new Set(ids)].filter((id) => !this.isLeased(kind, id));
    if (fresh.length === 0) return;
    try {
      this.#database.transaction(() => {
        for (const id of fresh) if (this.#exists(kind, id)) this.leaseWritten(kind, id);
      });
    } catch (error) {
      for (const id of fresh) this.#written.delete(keyOf(kind, id));
      // The store is read-only, see `hold`.
      if (!isUnwritable(error)) throw error;
    }
  }

  /** Returns true when this handle has a lease on the part. */
  isLeased(kind: LeaseKind, id: string): boolean {
    return this.#written.has(keyOf(kind, id)) || this.#counts.has(keyOf(kind, id));
  }

  /** Releases written parts that are referred to now. */
  releaseReferenced(kind: LeaseKind, ids: Iterable<string>): void {
    const free = [...ids].filter((id) => this.#written.delete(keyOf(kind, id)) && !this.#counts.has(keyOf(kind, id)));
    if (free.length > 0) this.#database.transaction(() => this.#delete(kind, free));
  }

  /** Makes the leases last as long as the holder, which has its lock now. */
  makePersistent(): void {
    if (this.#renewal) this.#database.run("UPDATE leases SET expires = NULL WHERE holder = ?", this.#owner.id);
    this.#endRenewal();
  }

  close(): void {
    this.#endRenewal();
    if (this.#counts.size + this.#written.size > 0) this.#database.run("DELETE FROM leases WHERE holder = ?", this.#owner.id);
    this.#counts.clear();
    this.#written.clear();
  }

  /**
   * Drops expired leases, and leases of dead holders. Call inside the transaction that collects.
   */
  dropDead(): void {
    const now = Date.now();
    this.#database.run("DELETE FROM leases WHERE expires < ?", now);
    // A lease of before the clock was set back: only a living holder needs it.
    for (const { holder } of this.#database.all<{ holder: string }>("SELECT DISTINCT holder FROM leases WHERE expires > ?", now + TIMED)) {
      if (!isRunning(holder)) this.#database.run("DELETE FROM leases WHERE holder = ? AND expires IS NOT NULL", holder);
    }
    for (const { holder } of this.#database.all<{ holder: string }>("SELECT DISTINCT holder FROM leases WHERE expires IS NULL")) {
      if (!this.#owner.isAlive(holder)) this.#database.run("DELETE FROM leases WHERE holder = ? AND expires IS NULL", holder);
    }
  }

  #insert(kind: LeaseKind, id: string): void {
    const expires = this.#owner.taken ? null : Date.now() + TIMED;
    // A holder that still lives after half of the time (a long upload of cached layers) takes its
    // lock, which makes all its leases lasting.
    if (expires !== null) this.#renewal ??= setTimeout(() => this.#renew(), TIMED / 2).unref();
    this.#database.run("INSERT OR REPLACE INTO leases (kind, id, holder, expires) VALUES (?, ?, ?, ?)", kind, id, this.#owner.id, expires);
  }

  #delete(kind: LeaseKind, ids: readonly string[]): void {
    for (const id of ids) this.#database.run("DELETE FROM leases WHERE kind = ? AND id = ? AND holder = ?", kind, id, this.#owner.id);
  }

  #renew(): void {
    try {
      this.#owner.directory();
    } catch (error) {
      // On a full disk, for one, the leases may end early. That is no reason to end a build that
      // runs well.
      if (!(error instanceof TsbuildError)) throw error;
    }
  }

  #endRenewal(): void {
    clearTimeout(this.#renewal);
    this.#renewal = undefined;
  }

  #countDown(key: string): boolean {
    const count = (this.#counts.get(key) ?? 0) - 1;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
    return count <= 0;
  }
}

function keyOf(kind: LeaseKind, id: string): string {
  return `${kind} ${id}`;
}
