import type { Timestamp } from "../../core/file-node.js";
import { decodePath } from "../../core/system/path-bytes.js";
import type { RawHeader, TarHeader, TarType } from "./header.js";
import { type PaxRecord, parsePaxTime } from "./pax.js";

/** Values that extension entries set for the entry behind them. */
export interface Extensions {
  readonly pax: readonly PaxRecord[];
  readonly longName?: string;
  readonly longLink?: string;
}

/** Throws the error for a fault of an entry. `found` completes "Cannot read the archive: …". */
type Fail = (found: string) => never;

const TYPES: Readonly<Record<string, TarType>> = {
  "\0": "file",
  "0": "file",
  "7": "file",
  S: "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "char",
  "4": "block",
  "5": "dir",
  "6": "fifo",
};

/** Returns the header of an entry with its extensions applied. */
export function mergeHeader(raw: RawHeader, extensions: Extensions, fail: Fail): TarHeader {
  const type = TYPES[raw.typeflag] ?? fail(`"${raw.name}" of unknown type ${JSON.stringify(raw.typeflag)}`);
  const merged = withPax(raw, extensions.pax, fail);
  const name = extensions.longName ?? merged.name;
  const link = extensions.longLink ?? merged.link;
  const isDirectory = type === "dir" || (raw.typeflag === "\0" && name.endsWith("/"));
  const kind: TarType = isDirectory ? "dir" : type;
  const device = kind === "char" || kind === "block";
  return {
    name,
    type: kind,
    mode: number(raw.mode, "mode", fail) & 0o7777,
    uid: idOf(merged.uid, "uid", fail),
    gid: idOf(merged.gid, "gid", fail),
    // Only a file has content. Any other entry is only a header, whatever its size field says.
    size: kind === "file" ? number(merged.size, "size", fail) : 0,
    mtime: shared(merged.mtime ?? bad("mtime", fail)),
    ...(kind === "symlink" || kind === "hardlink" ? { link } : {}),
    ...(device ? { device: { major: number(raw.major, "device number", fail), minor: number(raw.minor, "device number", fail) } } : {}),
    ...(merged.xattrs.size === 0 ? {} : { xattrs: Object.fromEntries([...merged.xattrs].sort(([a], [b]) => (a < b ? -1 : 1))) }),
  };
}

let latest: Timestamp = { sec: 0, nsec: 0 };

/** Returns one object for neighbours of one age: a million headers may be kept. */
function shared(time: Timestamp): Timestamp {
  if (time.sec !== latest.sec || time.nsec !== latest.nsec) latest = time;
  return latest;
}

/** Returns the fields of a header that PAX records may replace, and the attributes in them. */
function withPax(raw: RawHeader, pax: readonly PaxRecord[], fail: Fail) {
  let { name, link, uid, gid, size } = raw;
  let mtime: Timestamp | undefined = raw.mtime === undefined ? undefined : { sec: raw.mtime, nsec: 0 };
  const xattrs = new Map<string, string>();
  for (const [key, value] of pax) {
    if (key === "path") name = paxText(key, value, fail) || name;
    else if (key === "linkpath") link = paxText(key, value, fail) || link;
    else if (key === "size") size = decimal(value);
    else if (key === "uid") uid = decimal(value);
    else if (key === "gid") gid = decimal(value);
    else if (key === "mtime") mtime = parsePaxTime(value.toString("latin1"));
    else if (key.startsWith("SCHILY.xattr.")) xattrs.set(key.slice("SCHILY.xattr.".length), value.toString("base64"));
    else if (key.startsWith("LIBARCHIVE.xattr.")) {
      // bsdtar writes both forms. This one spells the name as a URL and the value in base64 without
      // padding.
      const attribute = urlDecode(key.slice("LIBARCHIVE.xattr.".length));
      if (!xattrs.has(attribute)) xattrs.set(attribute, Buffer.from(value.toString("latin1"), "base64").toString("base64"));
    }
  }
  return { name, link, uid, gid, size, mtime, xattrs };
}

/** Returns a number of a header. Fails for one that could not be read, or is negative. */
export function number(value: number | undefined, field: string, fail: Fail): number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : bad(field, fail);
}

/** Returns an id of a header. Refuses 2^32-1, which means "leave as it is" to chown. */
function idOf(value: number | undefined, field: string, fail: Fail): number {
  const id = number(value, field, fail);
  return id < 0xffffffff ? id : bad(field, fail);
}

function paxText(key: string, value: Buffer, fail: Fail): string {
  if (value.includes(0)) fail(`a PAX record "${key}" with a NUL byte`);
  return decodePath(value);
}

function bad(field: string, fail: Fail): never {
  return fail(`an entry whose ${field} is not valid`);
}

function decimal(value: Buffer): number {
  const text = value.toString("latin1");
  return /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

function urlDecode(text: string): string {
  return decodePath(
    Buffer.from(
      text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      "latin1",
    ),
  );
}
