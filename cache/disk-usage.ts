import { closeSync, constants, lstatSync, openSync, readdirSync } from "node:fs";
import { systemErrorCode } from "../core/errors.js";

export interface DiskUsage {
  /** Bytes of real blocks; hard links count once. */
  readonly bytes: number;
  /** False when something could not be read, or there were more than `limit` files. */
  readonly complete: boolean;
}

/**
 * Bytes of a path from which on everything below is named through the open directory: the kernel
 * takes paths of at most 4,095 bytes.
 */
const LONG = 3500;

/**
 * Returns the disk usage of a tree of any depth, as `du` counts. A missing tree takes nothing. A
 * tree of mapped ids is read as far as this user may.
 */
export function diskUsage(path: string, limit = Infinity): DiskUsage {
  const seen = new Set<string>();
  let bytes = 0;
  let complete = true;
  let left = limit;
  /**
   * Paths to visit, and open directories through which everything above them on the stack is named.
   */
  const pending: (string | number)[] = [path];
  const visit = (current: string): void => {
    const stat = lstatSync(current);
    if (stat.nlink > 1 && !stat.isDirectory()) {
      const inode = `${stat.dev}:${stat.ino}`;
      if (seen.has(inode)) return;
      seen.add(inode);
    }
    bytes += stat.blocks * 512;
    if (!stat.isDirectory()) return;
    let base = current;
    if (Buffer.byteLength(current) > LONG) {
      const fd = openSync(current, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      pending.push(fd);
      base = `/proc/self/fd/${fd}`;
    }
    for (const name of readdirSync(base)) pending.push(`${base}/${name}`);
  };
  try {
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (typeof next === "number") {
        closeSync(next);
        continue;
      }
      if (left-- <= 0) return { bytes, complete: false };
      try {
        visit(next);
      } catch (error) {
        const code = systemErrorCode(error);
        if (code === "EACCES" || code === "EPERM") complete = false;
        // Another process has removed it.
        else if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
      }
    }
    return { bytes, complete };
  } finally {
    for (const fd of pending) if (typeof fd === "number") closeSync(fd);
  }
}

/** Returns the bytes of a directory or file by itself, without its children. */
export function ownUsage(path: string): number {
  return (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
}
