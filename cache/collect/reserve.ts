import { rmSync, statSync, writeFileSync } from "node:fs";
import { systemErrorCode } from "../../core/errors.js";

/** Bytes that the database's log needs for the removal of thousands of rows. */
export const RESERVE = 1 << 20;

/**
 * Reserves space on the disk for collection. Removing rows needs space for the log first, so on a
 * full disk nothing could ever be removed. Collection deletes this file first, and makes it again
 * at the end.
 */
export function keepReserve(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.size === RESERVE) return;
  try {
    // Not zeros: a file system that compresses or finds holes would reserve no space for them.
    writeFileSync(path, Buffer.alloc(RESERVE, "tsbuild keeps this room for cleaning up\n"));
  } catch (error) {
    rmSync(path, { force: true });
    if (systemErrorCode(error) === undefined) throw error;
  }
}

export function releaseReserve(path: string): void {
  rmSync(path, { force: true });
}

/** Frees the space that is reserved for collection. Returns false on a read-only store. */
export function mayReleaseReserve(path: string): boolean {
  try {
    releaseReserve(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}
