import { closeSync, constants as open, openSync } from "node:fs";
import { constants, endianness } from "node:os";
import { fsPath } from "./path-bytes.js";
import { AT_SYMLINK_NOFOLLOW, cName, libcOf, library, nameBuffer } from "./posix-library.js";

/** Words that {@link lstatAll} gives for each name. */
export const STAT_WORDS = 8;

/**
 * Stats names in a directory, and returns {@link STAT_WORDS} words for each: mode, links, device
 * number, device, inode, size, mtime and ctime in nanoseconds. The mode is 0 where there is no such
 * name. Returns undefined when this machine cannot, or another call fails: `node:fs` then says why.
 *
 * Note that we do not use `lstat` of `node:fs` for many files, because Node makes some twenty
 * objects of each, which takes three times as long as the system call.
 */
export function lstatAll(directory: string, names: readonly string[]): BigInt64Array | undefined {
  call ??= find();
  if (!call) return undefined;
  let fd: number | undefined;
  try {
    fd = openSync(fsPath(directory), O_PATH | open.O_DIRECTORY);
    const words = new BigInt64Array(names.length * STAT_WORDS);
    for (let index = 0; index < names.length; index++) {
      cName(names[index] as string);
      if (call(fd)) {
        if (!takeStat(words, index * STAT_WORDS)) return undefined;
      } else if (library().errno() !== constants.errno.ENOENT) return undefined;
    }
    return words;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * Copies members of the kernel's `struct statx`, whose layout is the same everywhere. Returns false
 * when nanoseconds in a word do not reach to a time.
 */
function takeStat(words: BigInt64Array, at: number): boolean {
  const found = statWords;
  const [mtime, ctime] = [found[14] as bigint, found[12] as bigint];
  if (mtime > LAST_SECOND || mtime < -LAST_SECOND || ctime > LAST_SECOND) return false;
  words[at] = ((found[3] as bigint) >> 32n) & 0xffffn;
  words[at + 1] = (found[2] as bigint) & 0xffffffffn;
  words[at + 2] = deviceOf(found[16] as bigint);
  words[at + 3] = deviceOf(found[17] as bigint);
  words[at + 4] = found[4] as bigint;
  words[at + 5] = found[5] as bigint;
  words[at + 6] = BigInt.asIntN(64, mtime * SECOND + (found[15] as bigint));
  words[at + 7] = BigInt.asIntN(64, ctime * SECOND + (found[13] as bigint));
  return true;
}

/** Encodes a device number as glibc's and musl's makedev do. */
function deviceOf(both: bigint): bigint {
  const [major, minor] = [both & 0xffffffffn, (both >> 32n) & 0xffffffffn];
  return ((major & 0xfffff000n) << 32n) | ((major & 0xfffn) << 8n) | ((minor & 0xffffff00n) << 12n) | (minor & 0xffn);
}

const statWords = new BigInt64Array(32);

/** Stats the name in the buffer. Returns false when that failed. */
type Call = (directory: number) => boolean;

/** Null in a C library without the call, and where words have another order. */
let call: Call | null | undefined;

/** Returns the call, which takes its buffers by their addresses: koffi asks more about a buffer. */
function find(): Call | null {
  if (endianness() !== "LE") return null;
  try {
    const { koffi, libc } = libcOf();
    const [name, stat] = [Number(koffi.address(nameBuffer)), Number(koffi.address(statWords))];
    const statx = libc.func("int statx(int directory, uintptr_t path, int flags, uint32_t mask, uintptr_t into)");
    return (directory) => statx(directory, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, stat) === 0;
  } catch {
    return null;
  }
}

const O_PATH = 0o10000000;
const STATX_BASIC_STATS = 0x7ff;
const SECOND = 1_000_000_000n;
const LAST_SECOND = 9_223_372_035n;
