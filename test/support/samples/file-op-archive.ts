import { BLOCK, padding, type TarHeader } from "../../../oci/tar/header.js";
import { encodeHeader } from "../../../oci/tar/writer.js";
import type { Line } from "../tree-text.js";

const TYPES: Readonly<Record<string, TarHeader["type"]>> = { d: "dir", f: "file", l: "symlink", h: "hardlink", p: "fifo" };

/** Makes a tar archive with an entry for each line, in order. */
export function archiveOf(lines: readonly Line[]): Buffer {
  const parts: Buffer[] = [];
  for (const { kind, mode, uid, gid, path, text } of lines) {
    const data = kind === "f" ? Buffer.from(text) : Buffer.alloc(0);
    const header: TarHeader = {
      name: path,
      type: TYPES[kind] as TarHeader["type"],
      mode,
      uid,
      gid,
      size: data.length,
      mtime: { sec: 1_000_000_000, nsec: 0 },
      ...(kind === "l" || kind === "h" ? { link: text } : {}),
    };
    parts.push(encodeHeader(header), data, Buffer.alloc(padding(data.length)));
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}
