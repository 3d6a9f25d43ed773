import type Koffi from "koffi";
import { constants } from "node:os";
import type { Timestamp } from "../file-node.js";
import { loadAddon } from "../native-files.js";
import { decodePath, encodePath } from "./path-bytes.js";

/**
 * The system calls that Node has no API for, through koffi, which is loaded on the first call
 * (about 10 ms). Every call is synchronous, and none follows a symlink at the end of a path. Paths
 * are as in {@link ./path-bytes.ts}. Failures throw {@link PosixError}.
 */

/** A failed system call, shaped like the errors of `node:fs`: `code` is the errno's name. */
export class PosixError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly path: string;
  override readonly name = "PosixError";
  constructor(code: string, errno: number, syscall: string, path: string) {
    super(`${code}: ${syscall} '${path}'`);
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
    this.path = path;
  }
}

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
export const S_IFBLK = 0o060000;

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
const AT_SYMLINK_NOFOLLOW = 0x100;
const NO_DEVICE = { major: 0, minor: 0 };

/** Encodes a device number as glibc's and musl's makedev do. */
function deviceNumber({ major, minor }: { readonly major: number; readonly minor: number }): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn);
}

interface Library {
  errno(): number;
  lgetxattr(path: Buffer, name: Buffer, value: Buffer, size: number): number | bigint;
  llistxattr(path: Buffer, list: Buffer, size: number): number | bigint;
  flistxattr(fd: number, list: Buffer | null, size: number): number | bigint;
  fgetxattr(fd: number, name: Buffer, value: Buffer, size: number): number | bigint;
  lsetxattr(path: Buffer, name: Buffer, value: Uint8Array, size: number, flags: number): number;
  lremovexattr(path: Buffer, name: Buffer): number;
  mknod(path: Buffer, mode: number, device: bigint): number;
  utimensat(directory: number, path: Buffer, times: Buffer, flags: number): number;
  flock(fd: number, operation: number): number;
  readonly syncfs: { async(fd: number, done: (error: unknown, result: number) => void): void };
}

let loaded: Library | undefined;

function library(): Library {
  loaded ??= load();
  return loaded;
}

function load(): Library {
  const koffi = loadAddon<typeof Koffi>("koffi.node", "koffi");
  const libc = koffi.load(null);
  let mknodCall: (path: Buffer, mode: number, device: bigint) => number;
  try {
    mknodCall = libc.func("int mknod(const void *path, uint32_t mode, uint64_t device)");
  } catch {
    // glibc before 2.33 exports only the versioned form. 0 is its version on every 64-bit
    // architecture.
    const versioned = libc.func("int __xmknod(int version, const void *path, uint32_t mode, const void *device)");
    mknodCall = (path, mode, device) => {
      const number = Buffer.alloc(8);
      number.writeBigUInt64LE(device);
      return versioned(0, path, mode, number) as number;
    };
  }
  return {
    errno: () => koffi.errno(),
    lgetxattr: libc.func("int64_t lgetxattr(const void *path, const void *name, void *value, size_t size)"),
    llistxattr: libc.func("int64_t llistxattr(const void *path, void *list, size_t size)"),
    flistxattr: libc.func("int64_t flistxattr(int fd, void *list, size_t size)"),
    fgetxattr: libc.func("int64_t fgetxattr(int fd, const void *name, void *value, size_t size)"),
    lsetxattr: libc.func("int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)"),
    lremovexattr: libc.func("int lremovexattr(const void *path, const void *name)"),
    mknod: mknodCall,
    utimensat: libc.func("int utimensat(int directory, const void *path, const void *times, int flags)"),
    flock: libc.func("int flock(int fd, int operation)"),
    syncfs: libc.func("int syncfs(int fd)"),
  };
}

/** The kernel's limit for one value and for a list of names. */
const scratch = Buffer.allocUnsafe(65536);
// Reused, because a new Buffer for every call costs more than the call. Each holds one
// NUL-terminated argument at a time.
let pathBuffer = Buffer.allocUnsafe(8192);
const nameBuffer = Buffer.allocUnsafe(4096);

function cPath(path: string): Buffer {
  if (path.length * 3 >= pathBuffer.length) pathBuffer = Buffer.allocUnsafe(path.length * 3 + 1);
  return terminated(path, pathBuffer);
}

function cName(name: string): Buffer {
  if (name.length * 3 >= nameBuffer.length) throw failure(constants.errno.ERANGE, "xattr", name);
  return terminated(name, nameBuffer);
}

const LONE = /[\ud800-\udfff]/;

function terminated(text: string, into: Buffer): Buffer {
  if (text.includes("\0")) throw failure(constants.errno.EINVAL, "path", text.replaceAll("\0", "\\0"));
  const length = LONE.test(text) ? encodePath(text).copy(into) : into.write(text, "utf8");
  into[length] = 0;
  return into;
}

const names = new Map<number, string>();
for (const [name, number] of Object.entries(constants.errno)) if (!names.has(number)) names.set(number, name);

function failure(errno: number, syscall: string, path: string): PosixError {
  return new PosixError(names.get(errno) ?? `E${errno}`, errno, syscall, path);
}
