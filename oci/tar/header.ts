import type { NodeType, Timestamp } from "../../core/file-node.js";
import { decodePath } from "../../core/system/path-bytes.js";

/** Kind of a tar entry: the types of POSIX ustar with GNU's and old tars' additions. */
export type TarType = NodeType | "hardlink";

/** One entry of an archive, with its extensions applied. */
export interface TarHeader {
  /**
   * Name as stored: it may be absolute, hold `..`, or end in slashes. Names that are not UTF-8 are
   * as in {@link ../../core/system/path-bytes.ts}.
   */
  readonly name: string;
  readonly type: TarType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content; 0 unless `type` is `file`. */
  readonly size: number;
  readonly mtime: Timestamp;
  /** Target of a symlink or hard link, as stored. */
  readonly link?: string;
  readonly device?: { readonly major: number; readonly minor: number };
  /** Values in base64, keys in code-unit order. */
  readonly xattrs?: Readonly<Record<string, string>>;
}

export const BLOCK = 512;

/** Returns the bytes that fill content of `size` bytes up to whole blocks. */
export function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** Largest numbers that octal fields of 8 and 12 bytes hold. */
export const MAX_OCTAL_7 = 0o7777777;
export const MAX_OCTAL_11 = 0o77777777777;

/** A header block before its extensions. A number is undefined when its field cannot be read. */
export interface RawHeader {
  readonly name: string;
  readonly typeflag: string;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly size: number | undefined;
  readonly mtime: number | undefined;
  readonly link: string;
  readonly major: number | undefined;
  readonly minor: number | undefined;
}

/** Reads a header block, or returns why it is none. */
export function readHeader(block: Buffer): RawHeader | "bad checksum" {
  const stored = readNumber(block, 148, 8);
  const sums = checksums(block);
  // Some old tars summed signed bytes.
  if (stored !== sums.unsigned && stored !== sums.signed) return "bad checksum";
  let name = readString(block, 0, 100);
  // GNU puts times where POSIX has the prefix; star keeps times in its last 24 bytes.
  if (block.toString("latin1", 257, 263) === "ustar\0") {
    const star = block.toString("latin1", 508, 512) === "tar\0";
    const prefix = readString(block, 345, star ? 131 : 155);
    if (prefix !== "") name = `${prefix}/${name}`;
  }
  return {
    name,
    typeflag: String.fromCharCode(block[156] as number),
    mode: readNumber(block, 100, 8),
    uid: readNumber(block, 108, 8),
    gid: readNumber(block, 116, 8),
    size: readNumber(block, 124, 12),
    mtime: readNumber(block, 136, 12),
    link: readString(block, 157, 100),
    major: readNumber(block, 329, 8),
    minor: readNumber(block, 337, 8),
  };
}

/**
 * Reads an octal field, or a big-endian binary one (GNU, star) when its first bit is set. Returns
 * undefined for an unreadable number, or one past 2^53.
 */
export function readNumber(block: Buffer, offset: number, length: number): number | undefined {
  const first = block[offset] as number;
  if (first & 0x80) {
    let value = BigInt(first & 0x7f);
    for (let i = 1; i < length; i++) value = (value << 8n) | BigInt(block[offset + i] as number);
    const number = Number(BigInt.asIntN(length * 8 - 1, value));
    return Number.isSafeInteger(number) ? number : undefined;
  }
  let at = offset;
  const end = offset + length;
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at++;
  let value = 0;
  for (; at < end; at++) {
    const byte = block[at] as number;
    if (byte === 0 || byte === 0x20) break;
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + byte - 0x30;
  }
  return value;
}

function readString(block: Buffer, offset: number, length: number): string {
  const found = block.indexOf(0, offset);
  const end = found === -1 || found > offset + length ? offset + length : found;
  return end === offset ? "" : decodePath(block.subarray(offset, end));
}

function checksums(block: Buffer): { readonly unsigned: number; readonly signed: number } {
  let unsigned = 8 * 0x20;
  let high = 0;
  for (let i = 0; i < BLOCK; i++) {
    if (i === 148) i = 156;
    const byte = block[i] as number;
    unsigned += byte;
    high += byte >> 7;
  }
  return { unsigned, signed: unsigned - 256 * high };
}

/** Fields of a header block to be written; everything must fit its field. */
export interface HeaderFields {
  /** Name of at most 100 bytes. */
  readonly name: Buffer;
  /** Prefix of at most 155 bytes. */
  readonly prefix?: Buffer;
  readonly typeflag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  /** Link target of at most 100 bytes. */
  readonly link?: Buffer;
  readonly device?: { readonly major: number; readonly minor: number };
}

/**
 * Writes a ustar block at `offset`. Names of users and groups are empty; numbers are octal with a
 * closing NUL.
 */
export function writeHeader(into: Buffer, offset: number, fields: HeaderFields): void {
  into.fill(0, offset, offset + BLOCK);
  fields.name.copy(into, offset);
  writeOctal(into, offset + 100, 7, fields.mode);
  writeOctal(into, offset + 108, 7, fields.uid);
  writeOctal(into, offset + 116, 7, fields.gid);
  writeOctal(into, offset + 124, 11, fields.size);
  writeOctal(into, offset + 136, 11, fields.mtime);
  into.write(fields.typeflag, offset + 156, "latin1");
  fields.link?.copy(into, offset + 157);
  into.write("ustar\x0000", offset + 257, "latin1");
  writeOctal(into, offset + 329, 7, fields.device?.major ?? 0);
  writeOctal(into, offset + 337, 7, fields.device?.minor ?? 0);
  fields.prefix?.copy(into, offset + 345);
  let sum = 8 * 0x20;
  for (let i = offset; i < offset + BLOCK; i++) sum += into[i] as number;
  writeOctal(into, offset + 148, 6, sum);
  into[offset + 155] = 0x20;
}

function writeOctal(into: Buffer, offset: number, digits: number, value: number): void {
  let rest = value;
  for (let at = offset + digits - 1; at >= offset; at--) {
    into[at] = 0x30 + (rest % 8);
    rest = Math.floor(rest / 8);
  }
  if (rest !== 0 || value < 0) throw new Error(`internal: ${value} does not fit ${digits} octal digits`);
}
