import { lstatSync, writeFileSync } from "node:fs";
import { ownersFile, readOwnersFile } from "../../../core/system/owners-file.js";
import { fsPath } from "../../../core/system/path-bytes.js";
import { lsetxattr } from "../../../core/system/posix.js";
import type { NodeMeta } from "../../../core/file-node.js";
import { OWNERS_MARK } from "./xattrs.js";

export type Owner = Pick<NodeMeta, "uid" | "gid">;

/** Where an owner is kept: `nowhere` when it is not mapped here and the file takes no attribute, as links, FIFOs and the like. */
export type OwnerPlace = "inode" | "attribute" | "nowhere";

/** Owners of what cannot carry its own, in unpacked layers whose owners are virtual: see core/system/owners-file.ts. */
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

/** Marks `directory` as one with owners that are written down, and writes down those that files cannot carry themselves, by their paths. */
export function writeVirtualOwners(directory: string, owners: ReadonlyMap<string, Owner>): void {
  lsetxattr(directory, OWNERS_MARK, Buffer.from("1"));
  if (owners.size > 0) writeFileSync(ownersFile(directory), ownerLines(owners), { mode: 0o600 });
}

/** Writes down the owner of what is mounted into steps by itself, where it was kept nowhere else. */
export function writeMountOwner(path: string, owner: Owner, place: OwnerPlace): void {
  if (place === "attribute") lsetxattr(path, OWNERS_MARK, Buffer.from("1"));
  if (place === "nowhere") writeFileSync(ownersFile(path), ownerLines(new Map([[path, owner]])), { mode: 0o600 });
}

function ownerLines(owners: ReadonlyMap<string, Owner>): string {
  return [...owners].map(([path, { uid, gid }]) => `${identityOf(path)} ${uid} ${gid}\n`).join("");
}

/** Inode and birth: the number alone may become another file's. */
function identityOf(hostPath: string): string {
  const { ino, birthtimeNs } = lstatSync(fsPath(hostPath), { bigint: true });
  return `${ino} ${birthtimeNs}`;
}
