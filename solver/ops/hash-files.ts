import { createHash, hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { FileStat } from "../../cache/contract/stats.js";
import { type Digest, parseDigest } from "../../core/digest.js";
import { throwIfAborted } from "../../core/errors.js";
import { fsPath } from "../../oci/path-bytes.js";

export interface HashedFile {
  readonly digest: Digest;
  /** As it was when the last byte had been read; `size` is what was read. */
  readonly stat: FileStat;
}

/** Hashes files named by absolute path, in the order asked. Rejects with the system's error when one cannot be read. */
export type HashFiles = (paths: readonly string[], options?: { readonly signal?: AbortSignal }) => Promise<readonly HashedFile[]>;

/** Bytes per read; also the largest file that is hashed in one call. */
const CHUNK = 1 << 20;

/** How long the event loop may be held, in milliseconds. Half of what a person notices in a progress display. */
const SLICE = 12;

/** A symlink put where a file was must not lead out of the context; a fifo put there must not hang the build. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * {@link HashFiles} on this thread: synchronous reads into one buffer, since an await for each file costs 30 times its hashing, with a pause
 * whenever the time slice is used up, also inside large files.
 */
export const hashFiles: HashFiles = async (paths, options = {}) => {
  const buffer = Buffer.allocUnsafe(CHUNK);
  const out: HashedFile[] = [];
  let sliceEnd = performance.now() + SLICE;
  const pause = async (): Promise<void> => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    throwIfAborted(options.signal);
    sliceEnd = performance.now() + SLICE;
  };
  for (const path of paths) {
    const fd = openSync(fsPath(path), FLAGS);
    try {
      let hex: string;
      let total = readSync(fd, buffer, 0, CHUNK, null);
      let stat = fstatSync(fd, { bigint: true });
      if (total < CHUNK && stat.size === BigInt(total)) {
        hex = hash("sha256", buffer.subarray(0, total), "hex");
      } else {
        const running = createHash("sha256");
        for (let read = total; read > 0; total += read) {
          running.update(buffer.subarray(0, read));
          if (performance.now() > sliceEnd) await pause();
          read = readSync(fd, buffer, 0, CHUNK, null);
        }
        hex = running.digest("hex");
        stat = fstatSync(fd, { bigint: true });
      }
      const { dev, ino, mtimeNs, ctimeNs } = stat;
      out.push({ digest: parseDigest(`sha256:${hex}`), stat: { dev, ino, size: BigInt(total), mtimeNs, ctimeNs } });
    } finally {
      closeSync(fd);
    }
    if (performance.now() > sliceEnd) await pause();
  }
  return out;
};
