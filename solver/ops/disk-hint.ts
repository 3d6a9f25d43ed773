import { statfsSync } from "node:fs";

/**
 * Free space of a disk that counts as full: the last blocks are often too few for a command's
 * writes, and the sandbox frees some inodes.
 */
const NEARLY_FULL = { bytes: 4 << 20, inodes: 64 };

/** Advice for a store's disk that is full. */
const WAY_OUT = "make room with `tsbuild prune` or otherwise, or choose a directory on another disk with --root or TSBUILD_ROOT";

/** Messages of programs for ENOSPC and EDQUOT. */
const NO_ROOM = /No space left on device|Disk quota exceeded|ENOSPC/;

/**
 * Returns the hint for a failed step, when the disk of its files (`directory`) is full, or when the
 * command printed that a disk is. Returns undefined for every other failure. Call it before the
 * step's files are removed. Note that a command's message counts on a disk with room too, because
 * another writer of the build (a layer that is compressed) gives its bytes back when it fails.
 */
export function diskHint(directory: string, output: string): string | undefined {
  const { bavail, bsize, files, ffree } = statfsSync(directory);
  const free = bavail * bsize;
  const isFull = free < NEARLY_FULL.bytes;
  if (isFull || (files > 0 && ffree < NEARLY_FULL.inodes)) {
    const lacks = isFull ? "The store's disk is full" : "The store's disk has no inodes left";
    return `${lacks}: ${WAY_OUT}`;
  }
  if (!NO_ROOM.test(output)) return undefined;
  return `A disk was full for the command: /dev/shm (--shm-size), a tmpfs mount (size=), or the store's, which has ${Math.floor(free / (1 << 20))} MiB free now. For the store's, ${WAY_OUT}`;
}
