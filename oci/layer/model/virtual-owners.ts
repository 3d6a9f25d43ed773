import { lstatSync, writeFileSync } from "node:fs";
import { ownersFile, readOwnersFile } from "../../../core/system/owners-file.js";
import { fsPath } from "../../../core/system/path-bytes.js";
import { lsetxattr } from "../../../core/system/posix.js";
import type { NodeMeta } from "../../../core/file-node.js";
import { OWNERS_MARK } from "./xattrs.js";

export type Owner = Pick<NodeMeta, "uid" | "gid">;

/**
 * Place of an owner: `nowhere` when it is not mapped here and the file takes no attribute, as
 * links, FIFOs and the like.
 */
export type OwnerPlace = "inode" | "attribute" | "nowhere";

/**
 * Owners of files that cannot carry them, in unpacked layers with virtual owners: see
 * core/system/owners-file.ts.
 */
export class VirtualOwners {
  readonly #owners = new Map<string, Owner>();

  /** Reads the owners files of these directories. */
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

/**
 * Marks `directory` as one with recorded owners, and records those that files cannot carry
 * themselves, by their paths.
 */
export function writeVirtualOwners(directory: string, owners: ReadonlyMap<string, Owner>): void {
  lsetxattr(directory, OWNERS_MARK, Buffer.from("1"));
  if (owners.size > 0) writeFileSync(ownersFile(directory), ownerLines(owners), { mode: 0o600 });
}

/**
 * Stores the owner of a mount's source that is mounted into steps by itself, where it was recorded
 * nowhere else.
 */
export function writeMountOwner(path: string, owner: Owner, place: OwnerPlace): void {
  if (place === "attribute") lsetxattr(path, OWNERS_MARK, Buffer.from("1"));
  if (place === "nowhere") writeFileSync(ownersFile(path), ownerLines(new Map([[path, owner]])), { mode: 0o600 });
}

function ownerLines(owners: ReadonlyMap<string, Owner>): string {
  return [...owners].map(([path, { uid, gid }]) => `${identityOf(path)} ${uid} ${gid}\n`).join("");
}

/** Returns inode and birth: the number alone may become another file's. */
function identityOf(hostPath: string): string {
  const { ino, birthtimeNs } = lstatSync(fsPath(hostPath), { bigint: true });
  return `${ino} ${birthtimeNs}`;
}
