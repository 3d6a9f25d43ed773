import type { Dirent } from "node:fs";
import { specialFile } from "./errors.js";
import { HostDirectory } from "./host-directory.js";

/**
 * Throws `context/host-directory` for the first socket, FIFO or device below `path` of a directory.
 * A read-only mount does not keep a step from talking through one.
 */
export function refuseSpecialFiles({ root, name }: { readonly root: string; readonly name: string }, path: string): void {
  const directory = new HostDirectory({ root, name });
  const left = [path];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    for (const entry of directory.entries(at)) {
      const found = at === "" ? entry.name : `${at}/${entry.name}`;
      const kind = specialKind(entry);
      if (kind !== undefined) throw specialFile(found, name, kind);
      if (entry.isDirectory()) left.push(found);
    }
  }
}

function specialKind(entry: Pick<Dirent, "isSocket" | "isFIFO" | "isCharacterDevice" | "isBlockDevice">): string | undefined {
  if (entry.isSocket()) return "socket";
  if (entry.isFIFO()) return "FIFO";
  return entry.isCharacterDevice() || entry.isBlockDevice() ? "device" : undefined;
}
