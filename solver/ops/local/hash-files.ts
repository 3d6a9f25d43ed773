import { createHash, hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { compareCodeUnits } from "../../../core/canonical.js";
import { throwIfAborted } from "../../../core/errors.js";
import type { Xattrs } from "../../../core/file-node.js";
import { isLayerXattr } from "../../../oci/layer/model/xattrs.js";
import { fsPath } from "../../../core/system/path-bytes.js";
import { fgetxattr, flistxattr } from "../../../core/system/posix.js";
import { HashedColumns, type HashedFile } from "./hashed-columns.js";

/**
 * Hashes files by absolute path, in the same order. Rejects with the system's error when one cannot
 * be read. Results may be made when they are read.
 */
export type HashFiles = (paths: readonly string[], options?: { readonly signal?: AbortSignal }) => Promise<Iterable<HashedFile>>;

/** Bytes per read; also the largest file that is hashed in one call. */
const CHUNK = 1 << 20;

/**
 * Milliseconds for which the event loop may be held: half of what a person notices in a progress
 * display.
 */
const SLICE = 12;

/**
 * A symlink that replaced a file must not lead out of the context; a fifo must not hang the build.
 */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Hashes files on this thread, with synchronous reads into one buffer, because an await for each
 * file costs 30 times its hashing. Pauses whenever the time slice is used up, also inside large
 * files.
 */
export const hashFiles = async (paths: readonly string[], options: { readonly signal?: AbortSignal } = {}): Promise<HashedColumns> => {
  const buffer = Buffer.allocUnsafe(CHUNK);
  const out = new HashedColumns(paths.length);
  let sliceEnd = performance.now() + SLICE;
  const pause = async (): Promise<void> => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    throwIfAborted(options.signal);
    sliceEnd = performance.now() + SLICE;
  };
  for (const path of paths) {
    const fd = openSync(fsPath(path), FLAGS);
    try {
      // Before the stat: a change after it shows in ctime.
      const xattrs = userXattrs(fd);
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
      out.add(hex, { dev, ino, size: BigInt(total), mtimeNs, ctimeNs }, xattrs);
    } finally {
      closeSync(fd);
    }
    if (performance.now() > sliceEnd) await pause();
  }
  return out;
};

/** Returns the `user.*` attributes of an open file; undefined when it has none, as nearly all. */
function userXattrs(fd: number): Xattrs | undefined {
  const names = flistxattr(fd).filter((name) => name.startsWith("user.") && isLayerXattr(name));
  if (names.length === 0) return undefined;
  const found: [string, string][] = [];
  for (const name of names.sort(compareCodeUnits)) {
    const value = fgetxattr(fd, name);
    if (value) found.push([name, value.toString("base64")]);
  }
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
