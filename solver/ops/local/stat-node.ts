import type { NodeType, Timestamp } from "../../../core/file-node.js";

const NONE = undefined;
/** Types by the first four of a mode's sixteen bits. */
const TYPES: readonly (NodeType | undefined)[] = [NONE, "fifo", "char", NONE, "dir", NONE, "block", NONE, "file", NONE, "symlink"];

/** Returns the type; undefined for sockets, which no layer can hold. */
export function typeOfMode(mode: number): NodeType | undefined {
  return TYPES[(mode & 0o170000) >> 12];
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
