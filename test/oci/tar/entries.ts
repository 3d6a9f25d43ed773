import type { TarHeader } from "../../../oci/tar/header.js";
import { TarParser } from "../../../oci/tar/reader.js";
import type { Entry } from "./build-tar.js";

interface Read {
  readonly header: TarHeader;
  readonly content: Buffer;
}

export function read(archive: Buffer, step = archive.length): readonly Read[] {
  const entries: Read[] = [];
  let parts: Buffer[] = [];
  let current: TarHeader | undefined;
  let start: number | undefined;
  const parser = new TarParser({
    entry(...found) {
      [current, start] = found;
      parts = [];
    },
    data: (chunk) => parts.push(Buffer.from(chunk)),
    end() {
      const content = Buffer.concat(parts);
      entries.push({ header: current as TarHeader, content });
      if (start === undefined || archive.subarray(start, start + content.length).equals(content)) return;
      throw new Error(`the content of ${current?.name} is not at ${start}`);
    },
  });
  for (let at = 0; at < archive.length; at += step) parser.push(archive.subarray(at, at + step));
  parser.finish();
  return entries;
}

export const long = (length: number, letter = "n") => letter.repeat(length);
const binary = Buffer.from([0, 1, 2, 0x0a, 0x3d, 0x80, 0xff, 0]).toString("base64");

/** Everything a layer can hold, at the edges of what the fields hold. */
export const headers: readonly Entry[] = [
  { name: "file", data: "content" },
  { name: "empty" },
  { name: "block-sized", data: long(512) },
  { name: "no-permissions", mode: 0 },
  { name: "setuid", mode: 0o7777 },
  { name: "directory/", type: "dir", mode: 0o1777 },
  { name: long(100) },
  { name: long(101) },
  { name: `${long(99)}/`, type: "dir" },
  { name: `${long(100)}/`, type: "dir" },
  { name: `${long(155, "p")}/${long(100)}` },
  { name: `${long(156, "p")}/${long(99)}` },
  { name: `${long(80, "p")}/${long(80, "q")}/${long(80)}/`, type: "dir" },
  { name: Array.from({ length: 20 }, () => long(100)).join("/") },
  { name: "unicode-é-日本-😀" },
  { name: "bytes-\udc80\udcff-\udce2\udc82" },
  { name: "new\nline and = sign" },
  { name: "symlink", type: "symlink", mode: 0o777, link: "../target" },
  { name: "symlink-to-nothing", type: "symlink", mode: 0o777, link: long(101) },
  { name: "symlink-unicode", type: "symlink", mode: 0o777, link: "é\udc80" },
  { name: "hardlink", type: "hardlink", link: `${long(90)}/${long(90)}` },
  { name: "null", type: "char", device: { major: 1, minor: 3 } },
  { name: "disk", type: "block", device: { major: 0xfff, minor: 0xfffff } },
  { name: "fifo", type: "fifo" },
  { name: "ids", uid: 0o7777777, gid: 0o10000000 },
  { name: "large-ids", uid: 0xfffffffe, gid: 262_144 },
  { name: "time-0", mtime: { sec: 0, nsec: 0 } },
  { name: "time-before-1970", mtime: { sec: -1, nsec: 0 } },
  { name: "time-fraction-before-1970", mtime: { sec: -2, nsec: 250_000_000 } },
  { name: "time-fraction", mtime: { sec: 1_700_000_000, nsec: 1 } },
  { name: "time-after-2038", mtime: { sec: 0o77777777777, nsec: 999_999_999 } },
  { name: "time-after-2242", mtime: { sec: 0o100000000000, nsec: 0 } },
  { name: "xattrs", xattrs: { "security.capability": binary, "user.empty": "", "user.é": binary } },
];
