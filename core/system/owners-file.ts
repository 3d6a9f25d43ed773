import { readFileSync } from "node:fs";
import { systemErrorCode } from "../errors.js";

/**
 * Returns the path of the file that records the owners of objects that cannot carry one (symlinks,
 * FIFOs, sockets) where owners are virtual. The file is beside the directory of an unpacked layer,
 * or beside a mount's source. Its lines are `inode birth uid gid`, with birth in nanoseconds since
 * the epoch or 0.
 */
export function ownersFile(path: string): string {
  return `${path}.owners`;
}

/** Returns the lines of the owners file; none when there is no such file. */
export function readOwnersFile(path: string): string {
  try {
    return readFileSync(ownersFile(path), "utf8");
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    return "";
  }
}
