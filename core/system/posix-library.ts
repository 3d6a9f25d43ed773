import type Koffi from "koffi";
import { constants } from "node:os";
import { loadAddon } from "../native-files.js";
import { encodePath } from "./path-bytes.js";

export const AT_SYMLINK_NOFOLLOW = 0x100;

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

export function library(): Library {
  loaded ??= load();
  return loaded;
}

let opened: { readonly koffi: typeof Koffi; readonly libc: ReturnType<typeof Koffi.load> } | undefined;

/** Returns the C library of this process. */
export function libcOf(): NonNullable<typeof opened> {
  if (!opened) {
    const koffi = loadAddon<typeof Koffi>("koffi.node", "koffi");
    opened = { koffi, libc: koffi.load(null) };
  }
  return opened;
}

function load(): Library {
  const { koffi, libc } = libcOf();
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
export const scratch = Buffer.allocUnsafe(65536);
// Reused, because a new Buffer for every call costs more than the call. Each holds one
// NUL-terminated argument at a time.
let pathBuffer = Buffer.allocUnsafe(8192);
export const nameBuffer = Buffer.allocUnsafeSlow(4096);

export function cPath(path: string): Buffer {
  if (path.length * 3 >= pathBuffer.length) pathBuffer = Buffer.allocUnsafe(path.length * 3 + 1);
  return terminated(path, pathBuffer);
}

export function cName(name: string): Buffer {
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

/** Returns the error of a call. */
export function failure(errno: number, syscall: string, path: string): PosixError {
  return new PosixError(names.get(errno) ?? `E${errno}`, errno, syscall, path);
}
