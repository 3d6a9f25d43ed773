import { statSync } from "node:fs";
import type { SqliteConnection } from "./sqlite.js";

/**
 * Bytes of log left behind: all of them are read by whoever opens the database next, two milliseconds for a mebibyte. Emptying the log costs a sync of the
 * disk; a build that changes nothing adds some 80 KiB.
 */
const LARGEST_LOG = 256 << 10;

/** Empties the log of a database when it is large. The port to Node 20 does not end its statements on close, so SQLite does not do so by itself as its last user. */
export function trimLog(path: string, connection: SqliteConnection): void {
  try {
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
    if (log && log.size > LARGEST_LOG) connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // A full disk, or a reader that is not done: the log stays, and nothing is lost.
  }
}
