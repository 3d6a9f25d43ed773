import { rmSync, statSync, writeFileSync } from "node:fs";
import { systemErrorCode } from "../../core/errors.js";

/** Bytes: what removing thousands of rows writes to the database's log. */
export const RESERVE = 1 << 20;

/**
 * Keeps room on the disk for collection. Removing rows needs space for the log first, so on a full disk nothing could ever be removed: this
 * file goes before, and comes back after.
 */
export function keepReserve(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.size === RESERVE) return;
  try {
    // Not zeros: a file system that compresses or finds holes would keep no room for them.
    writeFileSync(path, Buffer.alloc(RESERVE, "tsbuild keeps this room for cleaning up\n"));
  } catch (error) {
    rmSync(path, { force: true });
    if (systemErrorCode(error) === undefined) throw error;
  }
}

export function giveReserve(path: string): void {
  rmSync(path, { force: true });
}
