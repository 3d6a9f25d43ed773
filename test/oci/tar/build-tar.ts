import { padding, type TarHeader } from "../../../oci/tar/header.js";
import { encodeHeader } from "../../../oci/tar/writer.js";

export type Entry = Partial<TarHeader> & { readonly name: string; readonly data?: string | Buffer };

/** Returns a header, with defaults for the members that a test leaves out. */
export function header(entry: Entry): TarHeader {
  const { data, ...rest } = entry;
  const directory = rest.type === "dir";
  return {
    type: "file",
    mode: directory ? 0o755 : 0o644,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    size: data === undefined ? 0 : Buffer.byteLength(data),
    mtime: { sec: 1_700_000_000, nsec: 0 },
    ...rest,
  };
}

/** Returns a whole archive. */
export function tarOf(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const bytes = Buffer.from(entry.data ?? "");
    return [encodeHeader(header(entry)), bytes, Buffer.alloc(padding(bytes.length))];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}
