import { existsSync, renameSync, statSync } from "node:fs";
import { databaseError, isDatabaseBusy, isDatabaseDamage, newerFormat } from "../errors.js";
import { keepIdleConnection, takeIdleConnection } from "./idle-connections.js";
import { MIGRATIONS } from "./schema.js";
import { openSqlite, type SqliteConnection, type SqliteStatement, type SqlValue } from "./sqlite.js";
import { emptyLog, trimLog } from "./trim-log.js";

/** Milliseconds to wait for another process's transaction; ours take a few. */
const BUSY_TIMEOUT = 10_000;

interface DatabaseHooks {
  /** Makes the directory. */
  readonly prepare: () => void;
  /** Fills a new database, inside the transaction that makes it. */
  readonly onCreate: (database: Database) => void;
  /** Called with an existing index that was just opened. */
  readonly onOpen: () => void;
  /** Runs `body` while no other process does the same (setting a damaged file aside). */
  readonly exclusive: <T>(body: () => T) => T;
  readonly onNotice: (message: string) => void;
}

/**
 * The index: SQLite in WAL mode, opened on first use, or taken over from a closed handle of this
 * process. Write transactions take the lock at once (`BEGIN IMMEDIATE`), so they never fail half
 * way for a lock. `synchronous=NORMAL` never tears the file; a power cut may lose the last commits,
 * which a cache can bear. A damaged file is moved aside and made again.
 */
export class Database {
  readonly path: string;
  readonly #hooks: DatabaseHooks;
  #connection: SqliteConnection | undefined;
  #statements = new Map<string, SqliteStatement>();
  #inTransaction = false;
  #tookOver = false;
  #inode = 0;
  #revision = 0;

  constructor(path: string, hooks: DatabaseHooks) {
    this.path = path;
    this.#hooks = hooks;
  }

  /**
   * True when a query can return anything: reading commands need not make a store that does not
   * exist.
   */
  get exists(): boolean {
    return this.#connection !== undefined || existsSync(this.path);
  }

  /**
   * Number that changes when rows that were written or read before may not be what is there: after
   * a rollback, and with another file.
   */
  get revision(): number {
    return this.#revision;
  }

  /** True when this process has opened the index. */
  get isOpen(): boolean {
    return this.#connection !== undefined;
  }

  get<T>(sql: string, ...parameters: SqlValue[]): T | undefined {
    return this.#guard(() => this.#prepare(sql).get(...parameters) as T | undefined);
  }

  all<T>(sql: string, ...parameters: SqlValue[]): T[] {
    return this.#guard(() => this.#prepare(sql).all(...parameters) as T[]);
  }

  /** Runs a statement. Returns the number of changed rows and the last row id. */
  run(sql: string, ...parameters: SqlValue[]): { readonly changes: number; readonly id: number } {
    return this.#guard(() => {
      const { changes, lastInsertRowid } = this.#prepare(sql).run(...parameters);
      return { changes: Number(changes), id: Number(lastInsertRowid) };
    });
  }

  /** Runs `body` in one write transaction; joins the open one. */
  transaction<T>(body: () => T): T {
    if (this.#inTransaction) return body();
    this.run("BEGIN IMMEDIATE");
    this.#inTransaction = true;
    try {
      const result = body();
      this.run("COMMIT");
      return result;
    } catch (error) {
      this.#revision++;
      // A full disk or damage may have ended the transaction already.
      try {
        this.#connection?.exec("ROLLBACK");
      } catch {}
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  /**
   * Empties the log, so that the next transactions write where the log was. Note that this needs
   * little room only because a new index has its pages in the file and not in the log: on a full
   * disk the file cannot grow.
   */
  emptyLog(): void {
    emptyLog(this.#open());
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

  /** Closes a connection that no other handle shall take over. */
  #discard(): void {
    const connection = this.#connection;
    this.#forget();
    connection?.close();
  }

  #forget(): void {
    this.#revision++;
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
    if (!existsSync(this.path)) this.#hooks.prepare();
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
    this.#hooks.onOpen();
    // Damage that showed only now has led to a new connection.
    return this.#connection ?? this.#open();
  }

  /**
   * Takes over the connection of a closed handle of this process, when the index file is still the
   * same.
   */
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
        for (const migration of MIGRATIONS.slice(from)) {
          if (typeof migration === "string") connection.exec(migration);
          else migration(connection);
        }
        if (from === 0) this.#hooks.onCreate(this);
        connection.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
      });
      // While there is room: see emptyLog.
      if (found === 0) emptyLog(connection);
    }
    this.#inode = statSync(this.path).ino;
    return connection;
  }

  /** Moves the damaged file aside, unless another process was faster and there is a new one. */
  #setAside(inode: number): void {
    try {
      this.#discard();
    } catch {
      // A damaged connection may not close properly either.
    }
    this.#hooks.exclusive(() => {
      if (!existsSync(this.path) || statSync(this.path).ino !== inode) return;
      const aside = `${this.path}.damaged-${Date.now()}`;
      // The log is moved first: a new database must never be opened beside the old one's log.
      for (const suffix of ["-wal", "-shm", ""]) {
        if (existsSync(this.path + suffix)) renameSync(this.path + suffix, aside + suffix);
      }
      this.#hooks.onNotice(
        `The store's index was damaged; it was set aside as "${aside}" and made again. Images are kept, cached steps run again`,
      );
    });
  }
}

function versionOf(pragma: SqliteStatement): number {
  return (pragma.get() as { readonly user_version: number }).user_version;
}

/**
 * Switches the database to WAL mode. The switch needs exclusive access, and SQLite does not wait
 * for it when two processes make a store at the same moment.
 */
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
