import type { TarHeader } from "../../tar/header.js";
import type { NodeMeta } from "../../../core/file-node.js";

/** Returns the tar header of a layer's entry. A hard link has no metadata of its own. */
export function headerOf(entry: NodeMeta & { readonly hardlink?: string }): TarHeader {
  const { path: name, type, mode, uid, gid, size, mtime } = entry;
  // Nearly all have nothing more, and listing the members is several times faster than spreading.
  if (entry.hardlink === undefined && entry.link === undefined && !entry.device && !entry.xattrs)
    return { name, type, mode, uid, gid, size, mtime };
  return {
    name: entry.path,
    type: entry.hardlink === undefined ? entry.type : "hardlink",
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    size: entry.hardlink === undefined ? entry.size : 0,
    mtime: entry.mtime,
    ...(entry.hardlink !== undefined ? { link: entry.hardlink } : entry.link === undefined ? {} : { link: entry.link }),
    ...(entry.device === undefined ? {} : { device: entry.device }),
    ...(entry.xattrs === undefined || entry.hardlink !== undefined ? {} : { xattrs: entry.xattrs }),
  };
}
