import { pathByteLength } from "../../../core/system/path-bytes.js";
import type { TarHeader } from "../../tar/header.js";
import { nameTooLong } from "../model/errors.js";
import type { NodeMeta } from "../../../core/file-node.js";
import { layerXattrs } from "../model/xattrs.js";

/** Bytes of a whole path in Linux; `NAME_LIMIT` is for one component. */
export const PATH_LIMIT = 4095;
const NAME_LIMIT = 255;

/**
 * Returns the part of a header that the tree keeps: everything but names, without attributes that
 * belong to no layer.
 */
export function metaOf(header: TarHeader): Omit<NodeMeta, "path"> {
  const xattrs = layerXattrs(header.xattrs);
  const { uid, gid, size, mtime } = header;
  const type = header.type as NodeMeta["type"];
  // Links have no permissions of their own; tars hold any value.
  const plain = { type, mode: header.type === "symlink" ? 0o777 : header.mode, uid, gid, size, mtime };
  // An object that is spread takes more memory, so only entries that have more fields are.
  if (header.type !== "symlink" && xattrs === undefined && header.device === undefined) return plain;
  return {
    ...plain,
    ...(header.type === "symlink" ? { link: header.link ?? "" } : {}),
    ...(xattrs === undefined ? {} : { xattrs }),
    ...(header.device === undefined ? {} : { device: header.device }),
  };
}

/**
 * Returns a file's metadata after a hard link to it was unpacked as docker does: chown, chmod and
 * utime go through the link, so the last header counts for all names. Only the owner of a symlink
 * changes. Returns the same object when nothing changes.
 */
export function throughLink(meta: Omit<NodeMeta, "path">, header: TarHeader): Omit<NodeMeta, "path"> {
  const { uid, gid } = header;
  const { mode, mtime } = meta.type === "symlink" ? meta : header;
  const more = layerXattrs(header.xattrs);
  const same = meta.uid === uid && meta.gid === gid && meta.mode === mode && meta.mtime.sec === mtime.sec && meta.mtime.nsec === mtime.nsec;
  if (same && !more) return meta;
  const xattrs = more && layerXattrs({ ...meta.xattrs, ...more });
  return { ...meta, uid, gid, mode, mtime, ...(xattrs ? { xattrs } : {}) };
}

/**
 * Cleans a name: drops leading slashes and `./`, and resolves `..` as text, never above the root,
 * as Docker does.
 */
export function cleanName(name: string): string {
  if (!/(^|\/)\.{0,2}(\/|$)/.test(name)) return name;
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** Throws `layer/name-too-long` for a path that no filesystem can hold. */
export function checkLength(path: string): void {
  if (path.length <= 80) return;
  if (pathByteLength(path) > PATH_LIMIT || path.split("/").some((part) => part.length > 80 && pathByteLength(part) > NAME_LIMIT))
    throw nameTooLong(path);
}
