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
    uid: ownOrRoot(process.getuid?.()),
    gid: ownOrRoot(process.getgid?.()),
    size: data === undefined ? 0 : Buffer.byteLength(data),
    mtime: { sec: 1_700_000_000, nsec: 0 },
    ...rest,
  };
}

/** The largest id that needs no extension of a header. */
const LARGEST = 0o7777777;

/** Returns an id of this process, or root's where headers would have extensions for it. */
function ownOrRoot(id = 0): number {
  return id > LARGEST ? 0 : id;
}

/** Returns a whole archive. */
export function tarOf(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const bytes = Buffer.from(entry.data ?? "");
    return [encodeHeader(header(entry)), bytes, Buffer.alloc(padding(bytes.length))];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}
