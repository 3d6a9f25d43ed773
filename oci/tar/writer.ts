import { encodePath } from "../../core/system/path-bytes.js";
import { BLOCK, type HeaderFields, MAX_OCTAL_11, MAX_OCTAL_7, padding, type TarHeader, writeHeader } from "./header.js";
import { encodePax, formatPaxTime, type PaxRecord } from "./pax.js";

const TYPEFLAGS = { file: "0", hardlink: "1", symlink: "2", char: "3", block: "4", dir: "5", fifo: "6" } as const;

/** Two zero blocks end an archive. */
export const END_MARKER_SIZE = 2 * BLOCK;

/**
 * Returns the header bytes of an entry: a ustar block, behind a PAX header only where ustar has no
 * room (long or non-ASCII names, large ids and sizes, times before 1970 or with a fraction,
 * xattrs). One header has one form, so archives are the same on every machine. Adds the trailing
 * slash of directory names. Leaves out attributes whose name holds `=`, which have no form in PAX.
 */
export function encodeHeader(header: TarHeader): Buffer {
  const full = encodePath(header.type === "dir" && !header.name.endsWith("/") ? `${header.name}/` : header.name);
  const link = header.link === undefined ? undefined : encodePath(header.link);
  const pax: PaxRecord[] = [];
  const add = (key: string, value: string | Buffer) => pax.push([key, typeof value === "string" ? Buffer.from(value) : value]);

  const number = (key: string, value: number, limit: number): number => {
    if (value >= 0 && value <= limit) return value;
    add(key, String(value));
    return 0;
  };
  const place = placeName(full);
  if (!place.whole) add("path", full);
  const shortLink = link === undefined || (link.length <= 100 && isAscii(link));
  if (link && !shortLink) add("linkpath", link);
  const { sec, nsec } = header.mtime;
  const plainTime = nsec === 0 && sec >= 0 && sec <= MAX_OCTAL_11;
  if (!plainTime) add("mtime", formatPaxTime(header.mtime));
  const fields: HeaderFields = {
    name: place.name,
    prefix: place.prefix,
    typeflag: TYPEFLAGS[header.type],
    mode: header.mode,
    uid: number("uid", header.uid, MAX_OCTAL_7),
    gid: number("gid", header.gid, MAX_OCTAL_7),
    size: number("size", header.size, MAX_OCTAL_11),
    mtime: plainTime ? sec : Math.min(Math.max(sec, 0), MAX_OCTAL_11),
    ...(link === undefined ? {} : { link: shortLink ? link : asciiPart(link) }),
    ...(header.device === undefined ? {} : { device: header.device }),
  };
  for (const [name, value] of Object.entries(header.xattrs ?? {})) {
    if (!name.includes("=")) add(`SCHILY.xattr.${name}`, Buffer.from(value, "base64"));
  }
  if (pax.length === 0) {
    const block = Buffer.allocUnsafe(BLOCK);
    writeHeader(block, 0, fields);
    return block;
  }
  pax.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const body = encodePax(pax);
  const bytes = Buffer.alloc(BLOCK + body.length + padding(body.length) + BLOCK);
  writeHeader(bytes, 0, { name: paxHeaderName(full), typeflag: "x", mode: 0o644, uid: 0, gid: 0, size: body.length, mtime: 0 });
  body.copy(bytes, BLOCK);
  writeHeader(bytes, bytes.length - BLOCK, fields);
  return bytes;
}

/**
 * Returns the number of bytes that {@link encodeHeader} makes. Computes it without the bytes where
 * the header is one block, as nearly always.
 */
export function headerSize(header: TarHeader): number {
  const { name, link, uid, gid, size, mtime, xattrs } = header;
  const isPlain =
    name.length < 100 &&
    ASCII.test(name) &&
    (link === undefined || (link.length <= 100 && ASCII.test(link))) &&
    isWithin(uid, MAX_OCTAL_7) &&
    isWithin(gid, MAX_OCTAL_7) &&
    isWithin(size, MAX_OCTAL_11) &&
    mtime.nsec === 0 &&
    isWithin(mtime.sec, MAX_OCTAL_11) &&
    xattrs === undefined;
  return isPlain ? BLOCK : encodeHeader(header).length;
}

// oxlint-disable-next-line no-control-regex -- the range is all of ASCII.
const ASCII = /^[\x00-\x7f]*$/;

function isWithin(value: number, limit: number): boolean {
  return value >= 0 && value <= limit;
}

const NOTHING = Buffer.alloc(0);

/**
 * Returns a name in the fields of ustar: whole, split at a slash, or its ASCII part for old readers
 * when it has no room.
 */
function placeName(name: Buffer): { readonly name: Buffer; readonly prefix: Buffer; readonly whole: boolean } {
  if (isAscii(name)) {
    if (name.length <= 100) return { name, prefix: NOTHING, whole: true };
    // The last slash that leaves at most 155 bytes before it. A directory's closing slash stays
    // with the name.
    const slash = name.lastIndexOf(0x2f, Math.min(155, name.length - 2));
    if (slash > 0 && name.length - slash - 1 <= 100) {
      return { name: name.subarray(slash + 1), prefix: name.subarray(0, slash), whole: true };
    }
  }
  return { name: asciiPart(name), prefix: NOTHING, whole: false };
}

/** Returns the name that readers without PAX show for the extended header itself. */
function paxHeaderName(name: Buffer): Buffer {
  const text = asciiPart(name).toString("latin1").replace(/\/+$/, "");
  const slash = text.lastIndexOf("/");
  return Buffer.from(`${text.slice(0, slash + 1)}PaxHeaders.0/${text.slice(slash + 1)}`.slice(0, 100), "latin1");
}

function isAscii(bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] as number) > 0x7f) return false;
  return true;
}

function asciiPart(bytes: Buffer): Buffer {
  return bytes.filter((byte) => byte < 0x80).subarray(0, 100) as Buffer;
}
