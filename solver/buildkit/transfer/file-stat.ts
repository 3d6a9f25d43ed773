import type { NodeMeta, NodeType } from "../../../core/file-node.js";
import type { ValueOf } from "../../../llb/wire/message.js";
import { protocolError } from "../errors.js";
import type { STAT } from "../messages/session.js";

/** Bits of Go's `os.FileMode`. */
const TYPE_BITS: Readonly<Record<NodeType, number>> = {
  file: 0,
  dir: 2 ** 31,
  symlink: 2 ** 27,
  block: 2 ** 26,
  char: 2 ** 26 + 2 ** 21,
  fifo: 2 ** 25,
};

/** Returns the metadata of a file as fsutil has it. */
export function statOf({
  path,
  type,
  mode,
  uid,
  gid,
  size,
  mtime,
  link,
  hardlink,
  device,
  xattrs,
}: NodeMeta & { readonly hardlink?: string }): ValueOf<typeof STAT> {
  const special = (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  const linkname = link ?? hardlink;
  return {
    path,
    mode: TYPE_BITS[type] + special + (type === "symlink" ? 0o777 : mode & 0o777),
    uid,
    gid,
    size: hardlink === undefined ? size : 0,
    modTime: BigInt(mtime.sec) * 1_000_000_000n + BigInt(mtime.nsec),
    ...(linkname === undefined ? {} : { linkname }),
    ...(device && { devmajor: device.major, devminor: device.minor }),
    ...(xattrs && { xattrs: new Map(Object.entries(xattrs).map(([name, value]) => [name, Buffer.from(value, "base64")])) }),
  };
}

/** Bits of all types, sockets and what has no type of its own included. */
const ANY_TYPE = 2 ** 31 + 2 ** 27 + 2 ** 26 + 2 ** 25 + 2 ** 24 + 2 ** 21 + 2 ** 19;

/**
 * Reads the metadata of a file of the other side. Throws `builder/protocol` for a path that is not
 * one below a directory, and for a type that no layer holds.
 */
export function readStat(stat: ValueOf<typeof STAT>): NodeMeta & { readonly hardlink?: string } {
  const { path = "", mode = 0, uid = 0, gid = 0, size = 0, modTime = 0n, linkname = "", devmajor = 0, devminor = 0, xattrs } = stat;
  checkPath(path);
  // Bits of 32 are too many for the operators of the language.
  const bits = BigInt(mode) & BigInt(ANY_TYPE);
  const type = (Object.keys(TYPE_BITS) as NodeType[]).find((name) => BigInt(TYPE_BITS[name]) === bits);
  if (type === undefined) throw protocolError(`"${path}" is of a type that no layer holds`);
  const special = (mode & (2 ** 23) ? 0o4000 : 0) + (mode & (2 ** 22) ? 0o2000 : 0) + (mode & (2 ** 20) ? 0o1000 : 0);
  const sec = modTime / 1_000_000_000n - (modTime % 1_000_000_000n < 0n ? 1n : 0n);
  const attributes = [...(xattrs ?? [])].map(([name, value]) => [name, Buffer.from(value).toString("base64")] as const).sort();
  if (type === "symlink" && linkname === "") throw protocolError(`the link "${path}" has no target`);
  if (linkname.includes("\0")) throw protocolError(`the link "${path}" has a target with a NUL`);
  return {
    path,
    type,
    mode: special + (mode & 0o777),
    uid,
    gid,
    size: type === "file" ? size : 0,
    mtime: { sec: Number(sec), nsec: Number(modTime - sec * 1_000_000_000n) },
    ...(type === "symlink" ? { link: linkname } : {}),
    ...(type === "file" && linkname !== "" ? { hardlink: linkname } : {}),
    ...(type === "char" || type === "block" ? { device: { major: devmajor, minor: devminor } } : {}),
    ...(attributes.length > 0 && { xattrs: Object.fromEntries(attributes) }),
  };
}

/** Throws for a path that could lead anywhere but below the directory. */
function checkPath(path: string): void {
  const parts = path.split("/");
  const bad = path.includes("\0") || parts.some((part) => part === "" || part === "." || part === "..");
  if (bad || Buffer.byteLength(path) > LONGEST_PATH) throw protocolError(`"${path.slice(0, 200)}" is no path inside the directory`);
}

/** Bytes of the longest path that the system takes. */
const LONGEST_PATH = 4095;
