import { type BigIntStats, lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { decodePath, fsPath } from "../../../core/system/path-bytes.js";
import { lgetxattr, llistxattr } from "../../../core/system/posix.js";
import { compareCodeUnits } from "../../../core/canonical.js";
import type { NodeMeta, NodeType, Timestamp, Xattrs } from "../../../core/file-node.js";
import { HAS_LOOKS, type Look, parseLook } from "../model/looks.js";
import { parseDevice } from "../model/devices.js";
import { DEVICE_XATTR, isLayerXattr, OWNER_XATTR } from "../model/xattrs.js";

/**
 * Returns a file-system object as a layer has it; undefined for a socket. `mtime` has the right
 * second; its nanoseconds are exact to about 200. `recorded` is the owner of a file that cannot
 * carry it.
 */
export function readNode(hostPath: string, path: string, stat: Stats, recorded?: Look): NodeMeta | undefined {
  const type = nodeType(stat);
  if (type === undefined) return undefined;
  const { xattrs, device, owner = recorded ?? (HAS_LOOKS ? ROOT : undefined) } = readXattrs(hostPath);
  // Only a file that is closed to everybody else stands for a device: whoever may write to a file
  // can give it attributes.
  if (device && type === "file" && stat.uid === process.geteuid?.() && (stat.mode & 0o077) === 0)
    return { path, ...device, size: 0, mtime: mtimeOf(hostPath, stat) };
  // Only files that the file system gives to root may have another owner: users of an image whose
  // ids are mapped must not make themselves root with an attribute.
  const { uid, gid } = owner && (HAS_LOOKS || (stat.uid === 0 && stat.gid === 0)) ? owner : stat;
  return {
    path,
    type,
    mode: HAS_LOOKS && owner?.mode !== undefined ? (stat.mode & 0o7000) | owner.mode : stat.mode & 0o7777,
    uid,
    gid,
    size: type === "file" ? stat.size : 0,
    mtime: mtimeOf(hostPath, stat),
    ...(type === "symlink" ? { link: readLink(hostPath) } : {}),
    ...(xattrs === undefined ? {} : { xattrs }),
    ...(type === "char" || type === "block" ? { device: deviceOf(stat.rdev) } : {}),
  };
}

export function nodeType(stat: Stats): NodeType | undefined {
  switch (stat.mode & 0o170000) {
    case 0o100000:
      return "file";
    case 0o040000:
      return "dir";
    case 0o120000:
      return "symlink";
    case 0o020000:
      return "char";
    case 0o060000:
      return "block";
    case 0o010000:
      return "fifo";
    default:
      return undefined;
  }
}

/** Returns `lstat`, or undefined when nothing is there. */
export function statOf(hostPath: string): Stats | undefined {
  return lstatSync(fsPath(hostPath), { throwIfNoEntry: false });
}

/** Returns the identity of hard links to one file: device and inode, exactly. */
export function inodeKey(hostPath: string): string {
  const { dev, ino } = lstatSync(fsPath(hostPath), { bigint: true });
  return `${dev}:${ino}`;
}

/** Returns the names in a directory in code-unit order. */
export function readNames(hostPath: string): readonly string[] {
  let names = readdirSync(fsPath(hostPath));
  // A name that is not UTF-8 has replacement characters: only then ask for bytes.
  if (names.some((name) => name.includes("\ufffd"))) names = readdirSync(fsPath(hostPath), { encoding: "buffer" }).map(decodePath);
  return names.sort(compareCodeUnits);
}

export function readLink(hostPath: string): string {
  const text = readlinkSync(fsPath(hostPath));
  return text.includes("\ufffd") ? decodePath(readlinkSync(fsPath(hostPath), { encoding: "buffer" })) : text;
}

/**
 * Returns the exact time: a double holds milliseconds of today to about 200 ns, so near a whole
 * second only the exact value shows which second it is.
 */
function mtimeOf(hostPath: string, stat: Stats): Timestamp {
  const fraction = ((stat.mtimeMs % 1000) + 1000) % 1000;
  if (fraction === 0 || fraction > 999.99) {
    const exact: BigIntStats = lstatSync(fsPath(hostPath), { bigint: true });
    const nsec = ((exact.mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
    return { sec: Number((exact.mtimeNs - nsec) / 1_000_000_000n), nsec: Number(nsec) };
  }
  const sec = Math.floor(stat.mtimeMs / 1000);
  return { sec, nsec: Math.min(999_999_999, Math.round((stat.mtimeMs - sec * 1000) * 1_000_000)) };
}

function deviceOf(rdev: number): { readonly major: number; readonly minor: number } {
  const number = BigInt(rdev);
  return {
    major: Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n)),
    minor: Number((number & 0xffn) | ((number >> 12n) & 0xffffff00n)),
  };
}

function readXattrs(hostPath: string): {
  readonly xattrs: Xattrs | undefined;
  readonly owner: Look | undefined;
  readonly device?: ReturnType<typeof parseDevice>;
} {
  const names = llistxattr(hostPath);
  if (names.length === 0) return NO_XATTRS;
  let owner: Look | undefined;
  let device: ReturnType<typeof parseDevice>;
  const xattrs: [string, string][] = [];
  for (const name of [...names].sort(compareCodeUnits)) {
    if (name === OWNER_XATTR) {
      owner = parseLook(lgetxattr(hostPath, name)?.toString() ?? "");
    } else if (name === DEVICE_XATTR) {
      device = parseDevice(lgetxattr(hostPath, name)?.toString() ?? "");
    } else if (isLayerXattr(name)) {
      const value = lgetxattr(hostPath, name);
      if (value) xattrs.push([name, value.toString("base64")]);
    }
  }
  return { xattrs: xattrs.length === 0 ? undefined : Object.fromEntries(xattrs), owner, device };
}

const ROOT: Look = { uid: 0, gid: 0 };
const NO_XATTRS = { xattrs: undefined, owner: undefined, device: undefined } as const;
