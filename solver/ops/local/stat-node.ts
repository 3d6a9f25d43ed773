import type { NodeType, Timestamp } from "../../../core/file-node.js";

const FORMATS = new Map<number, NodeType>([
  [0o100000, "file"],
  [0o040000, "dir"],
  [0o120000, "symlink"],
  [0o020000, "char"],
  [0o060000, "block"],
  [0o010000, "fifo"],
]);

/** Returns the type; undefined for sockets, which no layer can hold. */
export function typeOfMode(mode: number): NodeType | undefined {
  return FORMATS.get(mode & 0o170000);
}

/** Decodes Linux's device number. */
export function deviceOf(rdev: bigint): { readonly major: number; readonly minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & ~0xffn)),
  };
}

export function timestampOf(ns: bigint): Timestamp {
  // BigInt division rounds towards zero; before 1970 a time's fraction still counts upwards.
  const nsec = ((ns % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
  return { sec: Number((ns - nsec) / NANOSECONDS), nsec: Number(nsec) };
}

const NANOSECONDS = 1_000_000_000n;
