import { lstatSync, writeFileSync } from "node:fs";
import { ownersFile, readOwnersFile } from "../../core/owners-file.js";
import { fsPath } from "../path-bytes.js";
import type { NodeMeta } from "./toc.js";

export type Owner = Pick<NodeMeta, "uid" | "gid">;

/** Owners of what cannot carry its own, in unpacked layers whose owners are virtual: see core/owners-file.ts. */
export class VirtualOwners {
  readonly #owners = new Map<string, Owner>();

  /** What is known of these directories. */
  constructor(directories: readonly string[]) {
    for (const directory of directories) {
      for (const line of readOwnersFile(directory).split("\n")) {
        const [ino, birth, uid, gid] = line.split(" ");
        if (ino !== undefined && birth !== undefined && gid !== undefined)
          this.#owners.set(`${ino} ${birth}`, { uid: Number(uid), gid: Number(gid) });
      }
    }
  }

  of(hostPath: string): Owner | undefined {
    return this.#owners.size === 0 ? undefined : this.#owners.get(identityOf(hostPath));
  }
}

/** Writes down the owners of files in `directory`, by their paths; no file when there are none. */
export function writeVirtualOwners(directory: string, owners: ReadonlyMap<string, Owner>): void {
  if (owners.size === 0) return;
  const lines = [...owners].map(([path, { uid, gid }]) => `${identityOf(path)} ${uid} ${gid}\n`);
  writeFileSync(ownersFile(directory), lines.join(""), { mode: 0o600 });
}

/** Inode and birth: the number alone may become another file's. */
function identityOf(hostPath: string): string {
  const { ino, birthtimeNs } = lstatSync(fsPath(hostPath), { bigint: true });
  return `${ino} ${birthtimeNs}`;
}
