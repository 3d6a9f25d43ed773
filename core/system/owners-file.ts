import { readFileSync } from "node:fs";
import { systemErrorCode } from "../errors.js";

/**
 * Where it is written down who owns what cannot carry its owner (symlinks, FIFOs, sockets) where owners are virtual: beside the directory of an unpacked layer, or
 * beside what is mounted by itself. Lines of `inode birth uid gid`, birth in nanoseconds since the epoch or 0.
 */
export function ownersFile(path: string): string {
  return `${path}.owners`;
}

/** Its lines; none when it is not there, as nothing needed it. */
export function readOwnersFile(path: string): string {
  try {
    return readFileSync(ownersFile(path), "utf8");
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    return "";
  }
}
