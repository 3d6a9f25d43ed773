import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

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
  return prebuilt(require) ?? (require("@photostructure/sqlite") as SqliteModule);
}

/**
 * Loads the port's native part from the file where its package keeps it. The package's own way
 * reads directories and four more files, and asking Node for the package reads its package.json:
 * each takes as long as opening the database. Returns undefined where the file is not found, and on
 * systems for which the package decides.
 */
function prebuilt(require: NodeJS.Require): SqliteModule | undefined {
  if (process.platform !== "linux" || existsSync("/etc/alpine-release")) return undefined;
  const addon = join("@photostructure", "sqlite", "prebuilds", `linux-${process.arch}`, "@photostructure+sqlite.glibc.node");
  const path = require.resolve
    .paths("@photostructure/sqlite")
    ?.map((directory) => `${directory}/${addon}`)
    .find((candidate) => existsSync(candidate));
  if (path === undefined) return undefined;
  try {
    const { DatabaseSync } = require(path) as Partial<SqliteModule>;
    return DatabaseSync && { DatabaseSync };
  } catch {
    return undefined;
  }
}
