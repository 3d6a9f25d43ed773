import type { CacheKey } from "../../core/cache-key.js";
import type { Database } from "../database/database.js";
import type { StoreLeases } from "../processes/leases.js";
import type { Owner } from "../processes/owner.js";
import type { SnapshotKind } from "../content/snapshot-kind.js";
import { Stacks } from "./stacks.js";
import type { NewResult, ResultIndex, ResultRecord, ResultSource } from "../contract/results.js";

interface ResultRow {
  readonly id: number;
  readonly primary_key: CacheKey;
  readonly stack: number | null;
  readonly name: string;
  readonly components: string;
  readonly created_at: number;
  /** Id of the build; empty for one of another machine. */
  readonly build: string | null;
}

/** Value of `build` in rows of results that another machine made. */
const IMPORTED = "";

const COLUMNS = "r.id, r.primary_key, r.stack, r.name, r.components, r.created_at, r.build";

interface IndexedResultsOptions {
  readonly database: Database;
  readonly leases: StoreLeases;
  readonly owner: Owner;
  readonly kind: SnapshotKind;
}

/**
 * Results and their keys as rows. A layer's row cannot be deleted while a result's row names it.
 */
export class IndexedResults implements ResultIndex {
  readonly #database: Database;
  readonly #leases: StoreLeases;
  readonly #owner: Owner;
  readonly #kind: SnapshotKind;
  /** Milliseconds since the epoch at which this handle used each result. */
  readonly #uses = new Map<number, number>();
  readonly #stacks: Stacks;

  constructor({ database, leases, owner, kind }: IndexedResultsOptions) {
    this.#database = database;
    this.#leases = leases;
    this.#owner = owner;
    this.#kind = kind;
    this.#stacks = new Stacks(database);
  }

  lookup(key: CacheKey): ResultRecord | undefined {
    if (!this.#database.exists) return undefined;
    const row = this.#database.get<ResultRow>(`SELECT ${COLUMNS} FROM keys k JOIN results r ON r.id = k.result WHERE k.key = ?`, key);
    if (!row || this.#kind.isForeignStack(row.stack)) return undefined;
    // Leased at once: the caller goes on to use the layers, and another process may be collecting.
    if (!this.#leases.leaseFound("result", String(row.id))) return undefined;
    const found = this.#record(row);
    if (found) this.#uses.set(row.id, Date.now());
    return found;
  }

  expect(keys: readonly CacheKey[]): void {
    if (!this.#database.exists) return;
    const rows = keys.flatMap((key) => this.#database.get<{ result: number }>("SELECT result FROM keys WHERE key = ?", key) ?? []);
    this.#leases.leaseAllFound(
      "result",
      rows.map(({ result }) => String(result)),
    );
  }

  save(result: NewResult): ResultRecord {
    this.#owner.directory();
    return this.#database.transaction(() => {
      const found = this.lookup(result.keys[0]);
      if (!found) return this.#insert(result);
      this.#name(found.id, result.keys);
      this.#leases.leaseWritten("result", String(found.id));
      return found;
    });
  }

  alias(id: number, key: CacheKey): void {
    this.#name(id, [key]);
  }

  replace(result: NewResult): ResultRecord {
    this.#owner.directory();
    return this.#database.transaction(() => {
      for (const key of result.keys) this.#forget(key);
      return this.#insert(result);
    });
  }

  steps(origin: string): readonly { readonly id: number; readonly name: string }[] {
    if (!this.#database.exists) return [];
    return this.#database.all("SELECT id, name FROM results WHERE origin = ? ORDER BY used_at DESC, id DESC LIMIT 2000", origin);
  }

  recentSteps(): readonly { readonly origin: string; readonly name: string }[] {
    if (!this.#database.exists) return [];
    return this.#database.all("SELECT origin, name FROM results WHERE origin IS NOT NULL ORDER BY used_at DESC LIMIT 5000");
  }

  get(id: number): ResultRecord | undefined {
    const row = this.#database.get<ResultRow>(`SELECT ${COLUMNS} FROM results r WHERE r.id = ?`, id);
    return row && this.#record(row);
  }

  peek(key: CacheKey): ResultSource | undefined {
    if (!this.#database.exists) return undefined;
    const row = this.#database.get<Pick<ResultRow, "id" | "created_at" | "build">>(
      "SELECT r.id, r.created_at, r.build FROM keys k JOIN results r ON r.id = k.result WHERE k.key = ?",
      key,
    );
    return row && source(row);
  }

  /** Writes the uses, which only collection reads. */
  close(): void {
    const uses = [...this.#uses];
    this.#uses.clear();
    for (const [id, usedAt] of uses) this.#database.run("UPDATE results SET used_at = max(used_at, ?) WHERE id = ?", usedAt, id);
  }

  /**
   * Removes the keys of a key's result. A build that uses the result keeps it until the build ends;
   * then it is collected.
   */
  #forget(key: CacheKey): void {
    const found = this.#database.get<{ result: number }>("SELECT result FROM keys WHERE key = ?", key);
    if (!found) return;
    const leased = this.#database.get("SELECT 1 FROM leases WHERE kind = 'result' AND id = ?", String(found.result));
    this.#database.run(leased ? "DELETE FROM keys WHERE result = ?" : "DELETE FROM results WHERE id = ?", found.result);
  }

  #insert(result: NewResult): ResultRecord {
    const now = Date.now();
    const { id } = this.#database.run(
      "INSERT INTO results (primary_key, stack, name, components, created_at, used_at, build, origin) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      result.keys[0],
      this.#stacks.idOf(result.layers),
      result.name,
      result.components,
      result.createdAt ?? now,
      now,
      result.imported ? IMPORTED : (result.build ?? null),
      result.origin ?? null,
    );
    this.#name(id, result.keys);
    this.#leases.leaseWritten("result", String(id));
    const { keys, layers, name, components, build, imported = false } = result;
    return { id, primaryKey: keys[0], layers, createdAt: result.createdAt ?? now, name, components, build, imported };
  }

  /** Returns a row as a record; undefined when its layers went meanwhile. */
  #record(row: ResultRow): ResultRecord | undefined {
    const layers = this.#stacks.stackOf(row.stack);
    return layers && { ...source(row), primaryKey: row.primary_key, layers, name: row.name, components: row.components };
  }

  /** Makes the keys lead to this result from now on. A deleted result gets no keys. */
  #name(id: number, keys: readonly CacheKey[]): void {
    for (const key of keys) this.#database.run("INSERT OR REPLACE INTO keys (key, result) SELECT ?, id FROM results WHERE id = ?", key, id);
  }
}

function source({ id, created_at, build }: Pick<ResultRow, "id" | "created_at" | "build">): ResultSource & { readonly id: number } {
  return { id, createdAt: created_at, build: build || undefined, imported: build === IMPORTED };
}
