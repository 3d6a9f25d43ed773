import { constants } from "node:os";
import type { Timestamp } from "../file-node.js";
import { decodePath } from "./path-bytes.js";
import { AT_SYMLINK_NOFOLLOW, cName, cPath, failure, library, scratch } from "./posix-library.js";

/**
 * The system calls that Node has no API for, through koffi, which is loaded on the first call
 * (about 10 ms). Every call is synchronous, and none follows a symlink at the end of a path. Paths
 * are as in {@link ./path-bytes.ts}. Failures throw a {@link PosixError}.
 */

/**
 * Returns the value of an extended attribute. Returns undefined when the file has none of this
 * name, or the file system has no attributes.
 */
export function lgetxattr(path: string, name: string): Buffer | undefined {
  const c = library();
  const size = Number(c.lgetxattr(cPath(path), cName(name), scratch, scratch.length));
  if (size >= 0) return Buffer.from(scratch.subarray(0, size));
  const errno = c.errno();
  if (errno === constants.errno.ENODATA || errno === constants.errno.EOPNOTSUPP) return undefined;
  throw failure(errno, "lgetxattr", path);
}

/**
 * Returns the names of all extended attributes that this process may see. Returns none on file
 * systems without attributes.
 */
export function llistxattr(path: string): readonly string[] {
  const c = library();
  const size = Number(c.llistxattr(cPath(path), scratch, scratch.length));
  if (size === 0) return [];
  if (size > 0) return decodePath(scratch.subarray(0, size - 1)).split("\0");
  const errno = c.errno();
  if (errno === constants.errno.EOPNOTSUPP) return [];
  throw failure(errno, "llistxattr", path);
}

/** Returns the names of the extended attributes of an open file, as {@link llistxattr} does. */
export function flistxattr(fd: number): readonly string[] {
  const c = library();
  // Nearly all files have none, and a call without a buffer takes half the time.
  let size = Number(c.flistxattr(fd, null, 0));
  if (size > 0) size = Number(c.flistxattr(fd, scratch, scratch.length));
  if (size === 0) return [];
  if (size > 0) return decodePath(scratch.subarray(0, size - 1)).split("\0");
  const errno = c.errno();
  if (errno === constants.errno.EOPNOTSUPP) return [];
  throw failure(errno, "flistxattr", `fd ${fd}`);
}

/**
 * Returns the value of an extended attribute of an open file, or undefined when it has none of this
 * name.
 */
export function fgetxattr(fd: number, name: string): Buffer | undefined {
  const c = library();
  const size = Number(c.fgetxattr(fd, cName(name), scratch, scratch.length));
  if (size >= 0) return Buffer.from(scratch.subarray(0, size));
  const errno = c.errno();
  if (errno === constants.errno.ENODATA || errno === constants.errno.EOPNOTSUPP) return undefined;
  throw failure(errno, "fgetxattr", `fd ${fd}`);
}

export function lsetxattr(path: string, name: string, value: Uint8Array): void {
  const c = library();
  if (c.lsetxattr(cPath(path), cName(name), value, value.length, 0) !== 0) throw failure(c.errno(), "lsetxattr", path);
}

/** Removes an extended attribute. A missing attribute is no error. */
export function lremovexattr(path: string, name: string): void {
  const c = library();
  if (c.lremovexattr(cPath(path), cName(name)) === 0) return;
  const errno = c.errno();
  if (errno !== constants.errno.ENODATA) throw failure(errno, "lremovexattr", path);
}

/** File-type bits of `mode` for {@link mknod}. */
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;

/** Makes a device node or fifo. `mode` includes the type bits and is cut by the umask. */
export function mknod(path: string, mode: number, device: { readonly major: number; readonly minor: number } = NO_DEVICE): void {
  const c = library();
  if (c.mknod(cPath(path), mode, deviceNumber(device)) !== 0) throw failure(c.errno(), "mknod", path);
}

/** Sets both times with nanoseconds; on a symlink, its own. */
export function lutimes(path: string, atime: Timestamp, mtime: Timestamp): void {
  const c = library();
  const times = Buffer.alloc(32);
  times.writeBigInt64LE(BigInt(atime.sec), 0);
  times.writeBigInt64LE(BigInt(atime.nsec), 8);
  times.writeBigInt64LE(BigInt(mtime.sec), 16);
  times.writeBigInt64LE(BigInt(mtime.nsec), 24);
  if (c.utimensat(AT_FDCWD, cPath(path), times, AT_SYMLINK_NOFOLLOW) !== 0) throw failure(c.errno(), "utimensat", path);
}

const FLOCK = { shared: 1, exclusive: 2, unlock: 8 } as const;
const LOCK_NB = 4;

/**
 * Writes the pending data of the file system of an open file, on a thread, because it may take
 * seconds. Returns false when that failed.
 */
export function syncfs(fd: number): Promise<boolean> {
  return new Promise((resolve) => {
    library().syncfs.async(fd, (error: unknown, result: number) => resolve(!error && result === 0));
  });
}

/**
 * Locks an open file against other processes until it is unlocked or closed (also by death).
 * Returns false when `wait` is false and another process holds the lock. With `wait` the whole
 * thread stands still.
 */
export function flock(fd: number, operation: keyof typeof FLOCK, options: { readonly wait?: boolean } = {}): boolean {
  const c = library();
  for (;;) {
    if (c.flock(fd, FLOCK[operation] | (options.wait ? 0 : LOCK_NB)) === 0) return true;
    const errno = c.errno();
    if (errno === constants.errno.EWOULDBLOCK && !options.wait) return false;
    if (errno !== constants.errno.EINTR) throw failure(errno, "flock", `fd ${fd}`);
  }
}

const AT_FDCWD = -100;
const NO_DEVICE = { major: 0, minor: 0 };

/** Encodes a device number as glibc's and musl's makedev do. */
function deviceNumber({ major, minor }: { readonly major: number; readonly minor: number }): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn);
}
