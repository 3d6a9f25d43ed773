import type { Digest } from "../../core/digest.js";
import { digestHex } from "../../core/digest.js";
import type { Toc, TocEntry } from "../../oci/layer/model/toc.js";
import type { NodeType } from "../../core/file-node.js";

/** Stored form: columns, because most fields of most entries are numbers and parse several times faster so. Version 1. */
interface StoredToc {
  readonly version: 1;
  readonly diffId: Digest;
  readonly size: number;
  readonly whiteouts: readonly string[];
  readonly paths: readonly string[];
  /** One letter of {@link LETTERS} each. */
  readonly types: string;
  readonly modes: readonly number[];
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly sizes: readonly number[];
  readonly secs: readonly number[];
  readonly nsecs: readonly number[];
  /** 64 hex digits for each file, in order, without anything between; files without a digest have 64 dashes. */
  readonly digests: string;
  /** Fields that few entries have, by index. */
  readonly rare: Readonly<Record<string, Rare>>;
}

type Rare = Pick<TocEntry, "link" | "xattrs" | "device" | "hardlink" | "opaque">;

const LETTERS: Readonly<Record<NodeType, string>> = { file: "f", dir: "d", symlink: "l", char: "c", block: "b", fifo: "p" };
const TYPES = new Map(Object.entries(LETTERS).map(([type, letter]) => [letter, type as NodeType]));
const HEX = 64;
const NONE = "-".repeat(HEX);

export function encodeToc(toc: Toc): string {
  const rare: Record<string, Rare> = {};
  toc.entries.forEach(({ link, xattrs, device, hardlink, opaque }, index) => {
    if (link === undefined && !xattrs && !device && hardlink === undefined && !opaque) return;
    rare[index] = {
      ...(link === undefined ? {} : { link }),
      ...(xattrs ? { xattrs } : {}),
      ...(device ? { device } : {}),
      ...(hardlink === undefined ? {} : { hardlink }),
      ...(opaque ? { opaque } : {}),
    };
  });
  const stored: StoredToc = {
    version: 1,
    diffId: toc.diffId,
    size: toc.size,
    whiteouts: toc.whiteouts,
    paths: toc.entries.map((entry) => entry.path),
    types: toc.entries.map((entry) => LETTERS[entry.type]).join(""),
    modes: toc.entries.map((entry) => entry.mode),
    uids: toc.entries.map((entry) => entry.uid),
    gids: toc.entries.map((entry) => entry.gid),
    sizes: toc.entries.map((entry) => entry.size),
    secs: toc.entries.map((entry) => entry.mtime.sec),
    nsecs: toc.entries.map((entry) => entry.mtime.nsec),
    digests: toc.entries
      .filter((entry) => entry.type === "file")
      .map((entry) => (entry.digest ? digestHex(entry.digest) : NONE))
      .join(""),
    rare,
  };
  return JSON.stringify(stored);
}

/** Undefined when the text is not a whole TOC of this version: then it is made anew. */
export function decodeToc(text: string): Toc | undefined {
  let stored: StoredToc;
  try {
    stored = JSON.parse(text) as StoredToc;
  } catch {
    return undefined;
  }
  if (stored.version !== 1 || stored.types.length !== stored.paths.length) return undefined;
  let offset = 0;
  const entries = stored.paths.map((path, index): TocEntry => {
    const type = TYPES.get(stored.types[index] as string) as NodeType;
    let digest: string | undefined;
    if (type === "file") {
      digest = stored.digests.slice(offset, offset + HEX);
      offset += HEX;
    }
    const rare = stored.rare[index];
    const entry: TocEntry = {
      path,
      type,
      mode: stored.modes[index] as number,
      uid: stored.uids[index] as number,
      gid: stored.gids[index] as number,
      size: stored.sizes[index] as number,
      mtime: { sec: stored.secs[index] as number, nsec: stored.nsecs[index] as number },
      ...(digest === undefined || digest === NONE ? {} : { digest: `sha256:${digest}` as Digest }),
    };
    return rare ? { ...entry, ...rare } : entry;
  });
  return { version: 1, diffId: stored.diffId, size: stored.size, entries, whiteouts: stored.whiteouts };
}
