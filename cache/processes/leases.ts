import { TsbuildError } from "../../core/errors.js";
import type { Database } from "../database/database.js";
import { isUnwritable } from "../errors.js";
import { isRunning, type Owner } from "./owner.js";
import type { Lease, LeaseKind, Leases } from "../contract/leases.js";

/**
 * Milliseconds a lease lasts when its holder has not taken its lock: a build that finds everything cached writes nothing and is over in
 * moments, so it need not load what locking takes.
 */
const TIMED = 10 * 60_000;

/** Leases as rows, one per holder and thing. */
export class StoreLeases implements Leases {
  /** How often this handle holds a thing explicitly. */
  readonly #counts = new Map<string, number>();
  /** What this handle wrote or found and therefore keeps until it is referred to or the handle is closed. */
  readonly #written = new Set<string>();
  /** Set while some leases of this handle are only for a time. */
  #renewal: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly owner: Owner,
    private readonly exists: (kind: LeaseKind, id: string) => boolean,
  ) {}

  hold(kind: LeaseKind, ids: readonly (string | number)[]): Lease {
    if (ids.length === 0) return { held: [], release() {} };
    const there = () => ids.map(String).filter((id) => this.exists(kind, id));
    let held: readonly string[];
    try {
      // Collection looks and removes inside a transaction too: what is there now stays.
      held = this.database.transaction(() => {
        const found = there();
        for (const id of found) this.#insert(kind, id);
        return found;
      });
    } catch (error) {
      // Where nothing can be written, what is there can still be used; nothing much can be collected either.
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
        if (free.length > 0) this.database.transaction(() => this.#delete(kind, free));
      },
    };
  }

  /** Keeps what this handle is about to write, or needs as if it had. */
  keepWritten(kind: LeaseKind, id: string): void {
    const key = keyOf(kind, id);
    if (this.#written.has(key)) return;
    if (!this.#counts.has(key)) this.#insert(kind, id);
    this.#written.add(key);
  }

  /**
   * Keeps what this handle found and is going to use. False when it is gone: collection looks and removes inside a transaction too, so what
   * is there now stays.
   */
  keepFound(kind: LeaseKind, id: string): boolean {
    if (this.keeps(kind, id)) return true;
    try {
      return this.database.transaction(() => {
        if (!this.exists(kind, id)) return false;
        this.keepWritten(kind, id);
        return true;
      });
    } catch (error) {
      // As above.
      if (isUnwritable(error)) return this.exists(kind, id);
      throw error;
    }
  }

  /** Whether this handle keeps it. */
  keeps(kind: LeaseKind, id: string): boolean {
    return this.#written.has(keyOf(kind, id)) || this.#counts.has(keyOf(kind, id));
  }

  /** What was written is referred to now, and needs this handle no more. */
  settle(kind: LeaseKind, ids: Iterable<string>): void {
    const free = [...ids].filter((id) => this.#written.delete(keyOf(kind, id)) && !this.#counts.has(keyOf(kind, id)));
    if (free.length > 0) this.database.transaction(() => this.#delete(kind, free));
  }

  /** The holder has its lock now: its leases last as long as it does. */
  makeLasting(): void {
    if (this.#renewal) this.database.run("UPDATE leases SET expires = NULL WHERE holder = ?", this.owner.id);
    this.#endRenewal();
  }

  close(): void {
    this.#endRenewal();
    if (this.#counts.size + this.#written.size > 0) this.database.run("DELETE FROM leases WHERE holder = ?", this.owner.id);
    this.#counts.clear();
    this.#written.clear();
  }

  /** Drops leases whose time is over or whose holder is dead. Call inside the transaction that collects. */
  dropDead(): void {
    const now = Date.now();
    this.database.run("DELETE FROM leases WHERE expires < ?", now);
    // Made before the clock was put back: only a holder that is still there needs it.
    for (const { holder } of this.database.all<{ holder: string }>("SELECT DISTINCT holder FROM leases WHERE expires > ?", now + TIMED)) {
      if (!isRunning(holder)) this.database.run("DELETE FROM leases WHERE holder = ? AND expires IS NOT NULL", holder);
    }
    for (const { holder } of this.database.all<{ holder: string }>("SELECT DISTINCT holder FROM leases WHERE expires IS NULL")) {
      if (!this.owner.isAlive(holder)) this.database.run("DELETE FROM leases WHERE holder = ? AND expires IS NULL", holder);
    }
  }

  #insert(kind: LeaseKind, id: string): void {
    const expires = this.owner.taken ? null : Date.now() + TIMED;
    // Whoever is still there after half of the time (a long upload of cached layers) takes its lock, which makes all its leases lasting.
    if (expires !== null) this.#renewal ??= setTimeout(() => this.#renew(), TIMED / 2).unref();
    this.database.run("INSERT OR REPLACE INTO leases (kind, id, holder, expires) VALUES (?, ?, ?, ?)", kind, id, this.owner.id, expires);
  }

  #delete(kind: LeaseKind, ids: readonly string[]): void {
    for (const id of ids) this.database.run("DELETE FROM leases WHERE kind = ? AND id = ? AND holder = ?", kind, id, this.owner.id);
  }

  #renew(): void {
    try {
      this.owner.directory();
    } catch (error) {
      // A full disk, for one: the leases may end early, which is no reason to end a build that runs well.
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
