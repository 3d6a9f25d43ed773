import type { Database } from "./database.js";
import type { Owner } from "./owner.js";
import type { Lease, LeaseKind, Leases } from "./store.js";

/**
 * Milliseconds a lease lasts when its holder has not taken its lock: a build that finds everything cached writes nothing and is over in
 * moments, so it need not load what locking takes.
 */
const TIMED = 10 * 60_000;

/** Leases as rows, one per holder and thing. */
export class StoreLeases implements Leases {
  /** How often this handle holds a thing explicitly. */
  readonly #counts = new Map<string, number>();
  /** What this handle wrote and therefore keeps until it is referred to or the handle is closed. */
  readonly #written = new Set<string>();
  #timed = false;

  constructor(
    private readonly database: Database,
    private readonly owner: Owner,
    private readonly exists: (kind: LeaseKind, id: string) => boolean,
  ) {}

  hold(kind: LeaseKind, ids: readonly (string | number)[]): Lease {
    if (ids.length === 0) return { held: [], release() {} };
    // Collection looks and removes inside a transaction too: what is there now stays.
    const held = this.database.transaction(() => {
      const there = ids.map(String).filter((id) => this.exists(kind, id));
      for (const id of there) this.#insert(kind, id);
      return there;
    });
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
    if (this.#timed) this.database.run("UPDATE leases SET expires = NULL WHERE holder = ?", this.owner.id);
    this.#timed = false;
  }

  close(): void {
    if (this.#counts.size + this.#written.size > 0) this.database.run("DELETE FROM leases WHERE holder = ?", this.owner.id);
    this.#counts.clear();
    this.#written.clear();
  }

  /** Drops leases whose time is over or whose holder is dead. Call inside the transaction that collects. */
  dropDead(): void {
    this.database.run("DELETE FROM leases WHERE expires < ?", Date.now());
    for (const { holder } of this.database.all<{ holder: string }>("SELECT DISTINCT holder FROM leases WHERE expires IS NULL")) {
      if (!this.owner.isAlive(holder)) this.database.run("DELETE FROM leases WHERE holder = ? AND expires IS NULL", holder);
    }
  }

  #insert(kind: LeaseKind, id: string): void {
    const expires = this.owner.taken ? null : Date.now() + TIMED;
    if (expires !== null) this.#timed = true;
    this.database.run("INSERT OR REPLACE INTO leases (kind, id, holder, expires) VALUES (?, ?, ?, ?)", kind, id, this.owner.id, expires);
  }

  #delete(kind: LeaseKind, ids: readonly string[]): void {
    for (const id of ids) this.database.run("DELETE FROM leases WHERE kind = ? AND id = ? AND holder = ?", kind, id, this.owner.id);
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
