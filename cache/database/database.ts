import { existsSync, renameSync, statSync } from "node:fs";
import { databaseError, isDatabaseBusy, isDatabaseDamage, newerFormat } from "../errors.js";
import { keepIdleConnection, takeIdleConnection } from "./idle-connections.js";
import { MIGRATIONS } from "./schema.js";
import { openSqlite, type SqliteConnection, type SqliteStatement, type SqlValue } from "./sqlite.js";
import { trimLog } from "./trim-log.js";

/** Milliseconds to wait for another process's transaction; ours take a few. */
const BUSY_TIMEOUT = 10_000;

export interface DatabaseHooks {
  /** Makes the directory. */
  readonly prepare: () => void;
  /** Fills a database that was made from nothing, inside the transaction that makes it. */
  readonly onCreate: (database: Database) => void;
  /** Called with an index that was just opened and was there before. */
  readonly onOpen: () => void;
  /** Runs `body` while no other process does the same (setting a damaged file aside). */
  readonly exclusive: <T>(body: () => T) => T;
  readonly onNotice: (message: string) => void;
}

/**
 * The index: SQLite in WAL mode, opened on first use, or taken over from a handle of this process that was closed. Write transactions take the
 * lock at once (`BEGIN IMMEDIATE`), so they never fail half way for a lock. `synchronous=NORMAL` never tears; a power cut may lose the last
 * commits, which a cache can bear. A damaged file is set aside and made anew.
 */
export class Database {
  #connection: SqliteConnection | undefined;
  #statements = new Map<string, SqliteStatement>();
  #inTransaction = false;
  #tookOver = false;
  #inode = 0;

  constructor(
    readonly path: string,
    private readonly hooks: DatabaseHooks,
  ) {}

  /** Whether asking can give anything at all: reading commands on a machine without a store need not make one. */
  get exists(): boolean {
    return this.#connection !== undefined || existsSync(this.path);
  }

  /** Whether this process has asked it anything. */
  get isOpen(): boolean {
    return this.#connection !== undefined;
  }

  get<T>(sql: string, ...parameters: SqlValue[]): T | undefined {
    return this.#guard(() => this.#prepare(sql).get(...parameters) as T | undefined);
  }

  all<T>(sql: string, ...parameters: SqlValue[]): T[] {
    return this.#guard(() => this.#prepare(sql).all(...parameters) as T[]);
  }

  /** Answers how many rows changed and the last row id. */
  run(sql: string, ...parameters: SqlValue[]): { readonly changes: number; readonly id: number } {
    return this.#guard(() => {
      const { changes, lastInsertRowid } = this.#prepare(sql).run(...parameters);
      return { changes: Number(changes), id: Number(lastInsertRowid) };
    });
  }

  /** Runs `body` in one write transaction; joins the one that is open. */
  transaction<T>(body: () => T): T {
    if (this.#inTransaction) return body();
    this.run("BEGIN IMMEDIATE");
    this.#inTransaction = true;
    try {
      const result = body();
      this.run("COMMIT");
      return result;
    } catch (error) {
      // A full disk or damage may have ended the transaction already.
      try {
        this.#connection?.exec("ROLLBACK");
      } catch {}
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  /** Leaves the connection to the next handle of this process. */
  close(): void {
    const connection = this.#connection;
    if (!connection) return;
    if (!this.#tookOver) trimLog(this.path, connection);
    const statements = this.#statements;
    this.#forget();
    keepIdleConnection(this.path, { connection, statements });
  }

  /** Closes a connection that nobody shall take over. */
  #discard(): void {
    const connection = this.#connection;
    this.#forget();
    connection?.close();
  }

  #forget(): void {
    this.#connection = undefined;
    this.#statements = new Map();
    this.#inode = 0;
    this.#tookOver = false;
  }

  #prepare(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#open().prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #guard<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      if (!isDatabaseDamage(error) || this.#inode === 0) throw databaseError(this.path, error);
      const again = !this.#inTransaction;
      this.#setAside(this.#inode);
      if (again) return body();
      throw databaseError(this.path, error);
    }
  }

  #open(): SqliteConnection {
    if (this.#connection) return this.#connection;
    if (!existsSync(this.path)) this.hooks.prepare();
    for (let attempt = 0; ; attempt++) {
      const inode = existsSync(this.path) ? statSync(this.path).ino : 0;
      try {
        const taken = this.#takeOver();
        if (taken) return taken;
        this.#connect();
        break;
      } catch (error) {
        this.#discard();
        if (!isDatabaseDamage(error) || attempt > 0) throw databaseError(this.path, error);
        this.#setAside(inode);
      }
    }
    this.hooks.onOpen();
    // Damage that showed only now has led to a new one.
    return this.#connection ?? this.#open();
  }

  /** The connection of a handle of this process that was closed, when the index is still the one it was. */
  #takeOver(): SqliteConnection | undefined {
    const open = takeIdleConnection(this.path);
    if (!open) return undefined;
    this.#connection = open.connection;
    this.#tookOver = true;
    this.#statements = open.statements;
    this.#inode = statSync(this.path).ino;
    if (versionOf(this.#prepare("PRAGMA user_version")) === MIGRATIONS.length) return open.connection;
    this.#discard();
    return undefined;
  }

  #connect(): SqliteConnection {
    const connection = openSqlite(this.path);
    this.#connection = connection;
    connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON`);
    const version = () => versionOf(connection.prepare("PRAGMA user_version"));
    const found = version();
    if (found > MIGRATIONS.length) throw newerFormat(this.path, found, MIGRATIONS.length);
    if (found < MIGRATIONS.length) {
      if (found === 0) switchToWal(connection);
      this.transaction(() => {
        const from = version();
        for (const migration of MIGRATIONS.slice(from)) connection.exec(migration);
        if (from === 0) this.hooks.onCreate(this);
        connection.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
      });
    }
    this.#inode = statSync(this.path).ino;
    return connection;
  }

  /** Moves the damaged file away, unless another process was faster and there is a new one. */
  #setAside(inode: number): void {
    try {
      this.#discard();
    } catch {
      // What cannot be read may not be closable in order either.
    }
    this.hooks.exclusive(() => {
      if (!existsSync(this.path) || statSync(this.path).ino !== inode) return;
      const aside = `${this.path}.damaged-${Date.now()}`;
      // The log goes first: a new database must never be opened beside the old one's log.
      for (const suffix of ["-wal", "-shm", ""]) {
        if (existsSync(this.path + suffix)) renameSync(this.path + suffix, aside + suffix);
      }
      this.hooks.onNotice(
        `The store's index was damaged; it was set aside as "${aside}" and made anew. Images are kept, cached steps run again`,
      );
    });
  }
}

function versionOf(pragma: SqliteStatement): number {
  return (pragma.get() as { readonly user_version: number }).user_version;
}

/** The switch needs the file alone and does not wait by itself when two processes make a store at the same moment. */
function switchToWal(connection: SqliteConnection): void {
  const sleep = new Int32Array(new SharedArrayBuffer(4));
  for (const deadline = Date.now() + BUSY_TIMEOUT; ; ) {
    try {
      connection.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (!isDatabaseBusy(error) || Date.now() > deadline) throw error;
      Atomics.wait(sleep, 0, 0, 5);
    }
  }
}
