import { createRequire } from "node:module";
import { loadAddon } from "../../core/native-files.js";

/** The part of the `node:sqlite` interface that the store uses. Two modules implement it. */
export interface SqliteStatement {
  get(...parameters: SqlValue[]): unknown;
  all(...parameters: SqlValue[]): unknown[];
  run(...parameters: SqlValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
}

export interface SqliteConnection {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export type SqlValue = string | number | null;

type SqliteModule = { readonly DatabaseSync: new (path: string) => SqliteConnection };

let loaded: SqliteModule | undefined;

/**
 * Opens a database with `node:sqlite` where Node has it (22.13 and later), otherwise with its port
 * to Node 20. Loads the module on first use, which costs milliseconds.
 */
export function openSqlite(path: string): SqliteConnection {
  loaded ??= load();
  return new loaded.DatabaseSync(path);
}

const MAJOR = Number(process.versions.node.split(".", 1)[0]);
const FIRST_WITH_SQLITE = 22;

function load(): SqliteModule {
  const require = createRequire(import.meta.url);
  // Node warns that its own module is experimental. A user of tsbuild can do nothing about that.
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    if (MAJOR >= FIRST_WITH_SQLITE) return require("node:sqlite") as SqliteModule;
  } catch {
    // Behind a flag in its first releases.
  } finally {
    process.emitWarning = emitWarning;
  }
  // Note that we load the addon and not the port's own module, because that module searches for the
  // addon and wraps it: it takes 14 ms, and the addon 1 ms, of a start of some 60 ms.
  return loadAddon<SqliteModule>("sqlite.node", "@photostructure/sqlite");
}
