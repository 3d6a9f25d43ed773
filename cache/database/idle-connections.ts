import { statSync } from "node:fs";
import type { SqliteConnection, SqliteStatement } from "./sqlite.js";
import { trimLog } from "./trim-log.js";

/** An open database with its prepared statements, by their text. */
interface OpenDatabase {
  readonly connection: SqliteConnection;
  readonly statements: Map<string, SqliteStatement>;
}

/** Milliseconds after which an unused connection is closed. */
const IDLE = 10_000;

interface Idle extends OpenDatabase {
  readonly files: string;
  readonly timer: NodeJS.Timeout;
}

/**
 * Idle connections of this process by the database's path: a program that builds often opens each
 * once. A connection holds no lease, no transaction, and nothing that keeps the process alive.
 */
const idle = new Map<string, Idle>();

/**
 * Removes and returns the idle connection to the database at `path`, when it still has the current
 * files open.
 */
export function takeIdleConnection(path: string): OpenDatabase | undefined {
  const found = idle.get(path);
  if (!found) return undefined;
  idle.delete(path);
  clearTimeout(found.timer);
  if (found.files === filesAt(path)) return found;
  closeQuietly(found.connection);
  return undefined;
}

/** Keeps an unused connection. Closes it when the path has one already. */
export function keepIdleConnection(path: string, open: OpenDatabase): void {
  const files = filesAt(path);
  if (files === undefined || idle.has(path)) return closeQuietly(open.connection);
  const close = (): void => {
    idle.delete(path);
    if (files === filesAt(path)) trimLog(path, open.connection);
    closeQuietly(open.connection);
  };
  idle.set(path, { ...open, files, timer: setTimeout(close, IDLE).unref() });
}

/**
 * Returns a text that differs when a database file was replaced, or was written past SQLite.
 * SQLite's own commits go to the log.
 */
function filesAt(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  const others = ["-wal", "-shm"].map((suffix) => statSync(path + suffix, { throwIfNoEntry: false })?.ino);
  return stat && [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs, ...others].join(" ");
}

function closeQuietly(connection: SqliteConnection): void {
  try {
    connection.close();
  } catch {
    // The files are gone or damaged. The next open reports it.
  }
}
