import type { Expected } from "./tiers.js";

/** An attempt of `program/`: its name there, how it goes about it, what comes of it. */
export type Row = readonly [name: string, how: string, expected: Expected];

/** Of settings that only the host's root may write, and that are read-only for a step of its; not every kernel has each. */
export const SETTING: Expected = { hostRoot: ["EROFS", "ENOENT"], others: ["EACCES", "EROFS", "ENOENT"] };

/** Of calls made with int 0x80: there are none on other processors, and kernels may be built without them. */
export function i386(error: string): Expected {
  return [error, "SIGSEGV", "no such calls"];
}
