import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The part of the `node:sqlite` interface that the store uses; two modules implement it. */
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

/** `node:sqlite` where Node has it (22.13 and later), otherwise its port to Node 20. Loaded on first use: it costs milliseconds. */
export function openSqlite(path: string): SqliteConnection {
  loaded ??= load();
  return new loaded.DatabaseSync(path);
}

function load(): SqliteModule {
  const require = createRequire(import.meta.url);
  // Node prints a warning about its own module being experimental: nothing a user of tsbuild could act on.
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return require("node:sqlite") as SqliteModule;
  } catch {
    return prebuilt(require) ?? (require("@photostructure/sqlite") as SqliteModule);
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * The port's native part, which is all that is used of it, from where its package has it. The package's own way there reads directories and
 * four more files, which takes twice as long as opening the database. Undefined on systems for which the package decides.
 */
function prebuilt(require: NodeJS.Require): SqliteModule | undefined {
  if (process.platform !== "linux" || existsSync("/etc/alpine-release")) return undefined;
  try {
    const directory = dirname(require.resolve("@photostructure/sqlite/package.json"));
    const addon = require(
      join(directory, "prebuilds", `linux-${process.arch}`, "@photostructure+sqlite.glibc.node"),
    ) as Partial<SqliteModule>;
    return addon.DatabaseSync && { DatabaseSync: addon.DatabaseSync };
  } catch {
    return undefined;
  }
}
