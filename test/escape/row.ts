import type { Expected } from "./tiers.js";

/** An attempt of `program/`: its name there, how it goes about it, what comes of it. */
export type Row = readonly [name: string, how: string, expected: Expected];

/**
 * Settings that only the host's root may write, and that are read-only for a step of root's. Some
 * kernels lack some.
 */
export const SETTING: Expected = { hostRoot: ["EROFS", "ENOENT"], others: ["EACCES", "EROFS", "ENOENT"] };

/**
 * Returns the outcomes of calls made with int 0x80. Other processors have none, and kernels may be
 * built without them; a container may refuse them.
 */
export function i386(error: string): Expected {
  return [error, "SIGSEGV", "no such calls", "EPERM"];
}
