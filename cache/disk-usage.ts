import { closeSync, constants, lstatSync, openSync, readdirSync } from "node:fs";
import { systemErrorCode } from "../core/errors.js";

export interface DiskUsage {
  /** Bytes of real blocks; hard links count once. */
  readonly bytes: number;
  /** False when something could not be looked into, or there were more than `limit` files. */
  readonly complete: boolean;
}

/** Bytes of a path from which on what is below is named through the open directory: the kernel takes 4,095 for a path as a whole. */
const LONG = 3500;

/** What `du` says of a tree, however deep. A missing one takes nothing; one of mapped ids is looked into as far as this user may. */
export function diskUsage(path: string, limit = Infinity): DiskUsage {
  const seen = new Set<string>();
  let bytes = 0;
  let complete = true;
  let left = limit;
  /** Paths to visit, and open directories that everything above them on the stack is named through. */
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
        // Gone meanwhile: other processes work here too.
        else if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
      }
    }
    return { bytes, complete };
  } finally {
    for (const fd of pending) if (typeof fd === "number") closeSync(fd);
  }
}

/** A directory or file by itself, without what is in it. */
export function ownUsage(path: string): number {
  return (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
}
