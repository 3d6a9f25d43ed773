import { lremovexattr, lsetxattr } from "../../../core/system/posix.js";
import type { NodeMeta } from "../../../core/file-node.js";
import type { OwnerPlace } from "./virtual-owners.js";
import { OWNER_XATTR } from "./xattrs.js";

/**
 * True in a worker without any privilege (isolation `supervised`). All files of unpacked layers
 * belong to its user, who can read and write them. Owners and modes that files cannot have are
 * attributes: see executor-native/helper/ownership/looks.h.
 */
export const HAS_LOOKS = process.geteuid?.() !== 0;

/** Returns the mode on the disk of a file that looks to have this mode. */
export function keptMode({ type, mode }: Pick<NodeMeta, "type" | "mode">): number {
  return mode | (type === "dir" ? 0o700 : 0o600);
}

/** Stores owner and mode where the file differs from them. */
export function recordLook(path: string, meta: Omit<NodeMeta, "path">): OwnerPlace {
  const { type, uid, gid, mode } = meta;
  const isRoots = uid === 0 && gid === 0;
  if (type !== "file" && type !== "dir") return isRoots ? "inode" : "nowhere";
  const hasMode = keptMode(meta) === mode;
  if (isRoots && hasMode) {
    lremovexattr(path, OWNER_XATTR);
    return "inode";
  }
  lsetxattr(path, OWNER_XATTR, Buffer.from(`${uid}:${gid}${hasMode ? "" : `:${(mode & 0o777).toString(8)}`}`));
  return "attribute";
}

/** Owner and mode of a file, as they are recorded. */
export interface Look {
  readonly uid: number;
  readonly gid: number;
  readonly mode?: number;
}

/** Reads a record; undefined for one that is malformed. */
export function parseLook(text: string): Look | undefined {
  const [, uid, gid, mode] = /^(\d{1,10}):(\d{1,10})(?::([0-7]{1,3}))?$/.exec(text) ?? [];
  if (uid === undefined || gid === undefined) return undefined;
  return { uid: Number(uid), gid: Number(gid), ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }) };
}
