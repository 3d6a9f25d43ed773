import { statfsSync } from "node:fs";

/**
 * Free space of a disk that counts as full: the last blocks are often too few for a command's
 * writes, and the sandbox frees some inodes.
 */
const NEARLY_FULL = { bytes: 4 << 20, inodes: 64 };

/** Messages of programs for ENOSPC and EDQUOT. */
const NO_ROOM = /No space left on device|Disk quota exceeded|ENOSPC/;

/**
 * Returns the hint for a failed step, when the disk of its files (`directory`) is full, or when the
 * command printed that a disk is. Returns undefined for every other failure. Call it before the
 * step's files are removed.
 */
export function diskHint(directory: string, output: string): string | undefined {
  const { bavail, bsize, files, ffree } = statfsSync(directory);
  const free = bavail * bsize;
  const isFull = free < NEARLY_FULL.bytes;
  if (isFull || (files > 0 && ffree < NEARLY_FULL.inodes)) {
    const lacks = isFull ? "The store's disk is full" : "The store's disk has no inodes left";
    return `${lacks}: make room with \`tsbuild prune\` or otherwise, or choose a directory on another disk with --root or TSBUILD_ROOT`;
  }
  if (!NO_ROOM.test(output)) return undefined;
  return `The store's disk has ${Math.floor(free / (1 << 20))} MiB free now: the step used more and gave it back, or filled /dev/shm (--shm-size) or a tmpfs mount (size=)`;
}
