import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../core/errors.js";

export interface DiskUsage {
  /** Bytes of real blocks; hard links count once. */
  readonly bytes: number;
  /** False when something could not be looked into, or there were more than `limit` files. */
  readonly complete: boolean;
}

/** What `du` says of a tree. A missing one takes nothing; one of mapped ids is looked into as far as this user may. */
export function diskUsage(path: string, limit = Infinity): DiskUsage {
  const seen = new Set<string>();
  let bytes = 0;
  let complete = true;
  let left = limit;
  const visit = (current: string) => {
    if (left-- <= 0) {
      complete = false;
      return;
    }
    try {
      const stat = lstatSync(current);
      if (stat.nlink > 1 && !stat.isDirectory()) {
        const inode = `${stat.dev}:${stat.ino}`;
        if (seen.has(inode)) return;
        seen.add(inode);
      }
      bytes += stat.blocks * 512;
      if (stat.isDirectory()) for (const name of readdirSync(current)) visit(join(current, name));
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === "EACCES" || code === "EPERM") complete = false;
      // Gone meanwhile: other processes work here too.
      else if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
    }
  };
  visit(path);
  return { bytes, complete };
}

/** A directory or file by itself, without what is in it. */
export function ownUsage(path: string): number {
  return (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
}
