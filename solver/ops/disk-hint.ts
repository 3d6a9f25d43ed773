import { statfsSync } from "node:fs";

/** What may be free on a disk that counts as full: the last blocks are often too few for what a command writes, and the sandbox gives some inodes back. */
const NEARLY_FULL = { bytes: 4 << 20, inodes: 64 };

/** What programs print for ENOSPC and EDQUOT. */
const NO_ROOM = /No space left on device|Disk quota exceeded|ENOSPC/;

/**
 * Returns the hint for a step that failed, when the disk of its files (`directory`) is full, or when the command says that a disk is. Undefined for every other
 * failure. To be asked before the step's files are removed.
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
