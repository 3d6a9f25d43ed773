import type { BigIntStats } from "node:fs";
import type { NodeMeta, NodeType } from "../../../core/file-node.js";

/**
 * Returns the metadata of a context's file from its stat: owned by 0:0, times and permissions kept.
 * The caller adds a link's target.
 */
export function metaOfStat(path: string, type: NodeType, stat: BigIntStats): NodeMeta {
  // BigInt division rounds towards zero; before 1970 a time's fraction still counts upwards.
  let sec = Number(stat.mtimeNs / NANOSECONDS);
  let nsec = Number(stat.mtimeNs % NANOSECONDS);
  if (nsec < 0) {
    nsec += 1_000_000_000;
    sec--;
  }
  const size = type === "file" ? Number(stat.size) : 0;
  const meta: NodeMeta = { path, type, mode: Number(stat.mode) & 0o7777, uid: 0, gid: 0, size, mtime: { sec, nsec } };
  return type === "char" || type === "block" ? { ...meta, device: deviceOf(stat.rdev) } : meta;
}

const NANOSECONDS = 1_000_000_000n;

const FORMATS = new Map<number, NodeType>([
  [0o100000, "file"],
  [0o040000, "dir"],
  [0o120000, "symlink"],
  [0o020000, "char"],
  [0o060000, "block"],
  [0o010000, "fifo"],
]);

/** Returns the type; undefined for sockets, which no layer can hold. */
export function typeOfStat(stat: BigIntStats): NodeType | undefined {
  return FORMATS.get(Number(stat.mode) & 0o170000);
}

/** Decodes Linux's device number. */
function deviceOf(rdev: bigint): { major: number; minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & ~0xffn)),
  };
}
