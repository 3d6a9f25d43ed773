import { statSync } from "node:fs";
import type { SqliteConnection, SqliteStatement } from "./sqlite.js";
import { trimLog } from "./trim-log.js";

/** A database that is open, with the statements that were prepared on it, by their text. */
export interface OpenDatabase {
  readonly connection: SqliteConnection;
  readonly statements: Map<string, SqliteStatement>;
}

/** Milliseconds after which a connection that nobody asked for is closed. */
const IDLE = 10_000;

interface Idle extends OpenDatabase {
  readonly files: string;
  readonly timer: NodeJS.Timeout;
}

/**
 * Connections of this process that no store handle has at the moment, by the database's path: a program that builds often opens each once. They hold no
 * lease, no transaction, and nothing that keeps the process alive.
 */
const idle = new Map<string, Idle>();

/** The idle connection to the database at `path`, for the caller alone, when the files are still those it has open. */
export function takeIdleConnection(path: string): OpenDatabase | undefined {
  const found = idle.get(path);
  if (!found) return undefined;
  idle.delete(path);
  clearTimeout(found.timer);
  if (found.files === filesAt(path)) return found;
  closeQuietly(found.connection);
  return undefined;
}

/** Takes a connection that nobody uses any more; closes it when there is one for the path. */
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

/** What tells these files from any that were put in their place, or were written to behind SQLite's back: its own commits go to the log. */
function filesAt(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  const others = ["-wal", "-shm"].map((suffix) => statSync(path + suffix, { throwIfNoEntry: false })?.ino);
  return stat && [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs, ...others].join(" ");
}

function closeQuietly(connection: SqliteConnection): void {
  try {
    connection.close();
  } catch {
    // Its files are gone or damaged: whoever opens them next finds that out.
  }
}
