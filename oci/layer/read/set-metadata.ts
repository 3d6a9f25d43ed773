import { chmodSync, lchownSync, lstatSync, lutimesSync } from "node:fs";
import { systemErrorCode } from "../../../core/errors.js";
import { fsPath } from "../../../core/system/path-bytes.js";
import { lsetxattr, lutimes } from "../../../core/system/posix.js";
import type { NodeMeta, Timestamp } from "../../../core/file-node.js";
import type { Owner, OwnerPlace } from "../model/virtual-owners.js";
import { HAS_LOOKS, keptMode, recordLook } from "../model/looks.js";
import { OWNER_XATTR } from "../model/xattrs.js";

type Meta = Omit<NodeMeta, "path">;

/**
 * Sets owner, attributes and mode, in this order, because chown takes setuid bits and capabilities
 * away. Never follows a link.
 */
export function setMetadata(path: string, meta: Meta): OwnerPlace {
  const kept = HAS_LOOKS ? recordLook(path, meta) : setOwner(path, meta);
  setXattrs(path, meta);
  if (meta.type !== "symlink") chmodSync(fsPath(path), HAS_LOOKS ? keptMode(meta) : meta.mode);
  return kept;
}

export function setOwner(path: string, owner: Owner): OwnerPlace {
  if (HAS_LOOKS) return recordLook(path, { ...owner, ...typeAndMode(path) });
  try {
    lchownSync(fsPath(path), owner.uid, owner.gid);
  } catch (error) {
    return virtualOwner(error, path, owner);
  }
  return "inode";
}

function typeAndMode(path: string): Pick<NodeMeta, "type" | "mode" | "size" | "mtime"> {
  const stat = lstatSync(fsPath(path));
  return { type: stat.isDirectory() ? "dir" : stat.isFile() ? "file" : "fifo", mode: stat.mode & 0o7777, size: 0, mtime: NO_TIME };
}

const NO_TIME: Timestamp = { sec: 0, nsec: 0 };

/**
 * Stores an owner that the kernel refused. Throws the error unless the reason is an unmapped id.
 */
export function virtualOwner(error: unknown, path: string, { uid, gid }: Owner): OwnerPlace {
  if (systemErrorCode(error) !== "EINVAL") throw error;
  try {
    lsetxattr(path, OWNER_XATTR, Buffer.from(`${uid}:${gid}`));
  } catch (refused) {
    if (systemErrorCode(refused) === "EPERM") return "nowhere";
    throw refused;
  }
  return "attribute";
}

export function setXattrs(path: string, meta: Meta): void {
  for (const [name, value] of Object.entries(meta.xattrs ?? {})) setXattr(path, name, Buffer.from(value, "base64"));
}

/**
 * Sets an attribute. Skips one that the filesystem or the user namespace refuses, as the container
 * engines do: it stays in the blob and the TOC.
 */
function setXattr(path: string, name: string, value: Buffer): void {
  try {
    lsetxattr(path, name, value);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== "EPERM" && code !== "EOPNOTSUPP" && code !== "ENOTSUP" && code !== "EINVAL") throw error;
  }
}

/**
 * Returns true when Node's own calls can set the time exactly: they count in floating-point seconds
 * and take no negative ones.
 */
export function isPlain({ sec, nsec }: Timestamp): boolean {
  return nsec === 0 && sec >= 0;
}

export function setTimes(path: string, mtime: Timestamp): void {
  if (isPlain(mtime)) lutimesSync(fsPath(path), mtime.sec, mtime.sec);
  else lutimes(path, mtime, mtime);
}
