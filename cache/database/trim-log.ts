import { statSync } from "node:fs";
import type { SqliteConnection } from "./sqlite.js";

/**
 * Bytes that a log may keep: the next process that opens the database reads all of them, two
 * milliseconds for a mebibyte. Emptying the log waits for the disk twice, and so does the next
 * commit. A build that changes nothing adds some 80 KiB, a bake of twelve targets three times that.
 * Note that we do not let the log grow further, because a disk that is full then has no room for
 * the writes of a clean-up, which a log that was emptied before has.
 */
const LARGEST_LOG = 256 << 10;

/**
 * Empties a large log of a database. Note that we do it ourselves, because the port to Node 20 does
 * not end its statements on close, and SQLite then does not empty the log as its last user.
 */
export function trimLog(path: string, connection: SqliteConnection): void {
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
  if (log && log.size > LARGEST_LOG) emptyLog(connection);
}

/**
 * Empties the log of a database. On a full disk, or beside a reader that is not done, the log
 * stays, and nothing is lost.
 */
export function emptyLog(connection: SqliteConnection): void {
  try {
    connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {}
}
