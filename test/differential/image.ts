import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { TarHeader } from "../../oci/tar/header.js";
import { TarParser } from "../../oci/tar/reader.js";
import type { History, ImageConfig, Index, Manifest } from "../../oci/types.js";

/** Parts of an image that two builders must agree on: no times, no digests of archives. */
export interface ComparedImage {
  readonly config: Readonly<Record<string, unknown>>;
  /** `+ text` makes a layer, `  text` does not. */
  readonly history: readonly string[];
  /** By path: type, mode, owner, size, content digest or target, extended attributes. */
  readonly tree: ReadonlyMap<string, string>;
}

interface Entry {
  readonly header: TarHeader;
  readonly data: Buffer;
}

/** Reads an OCI archive of one image, and merges its layers. */
export function readOciArchive(path: string): ComparedImage {
  const files = new Map(entriesOf(readFileSync(path)).map(({ header, data }) => [header.name.replace(/^\.\//, ""), data]));
  const json = (name: string): unknown => {
    const data = files.get(name);
    if (!data) throw new Error(`${path} has no ${name}`);
    return JSON.parse(data.toString("utf8"));
  };
  const blob = (digest: string): string => `blobs/${digest.replace(":", "/")}`;
  let document = json("index.json") as Index | Manifest;
  // An index may stand between: of the one image that was built.
  while ("manifests" in document) document = json(blob((document.manifests[0] as Index["manifests"][number]).digest)) as Index | Manifest;
  const tree = new Map<string, string>();
  // Go writes no layers as null.
  for (const layer of (document.layers as Manifest["layers"] | null) ?? []) {
    const data = files.get(blob(layer.digest)) as Buffer;
    applyLayer(tree, data[0] === 0x1f ? gunzipSync(data) : data);
  }
  const { history, rootfs: _rootfs, created: _created, ...config } = json(blob(document.config.digest)) as ImageConfig;
  return { config: sorted(config) as Record<string, unknown>, history: (history ?? []).map(historyLine), tree };
}

function historyLine({ created_by, empty_layer, comment, author }: History): string {
  return `${empty_layer ? " " : "+"} ${created_by ?? ""}${comment ? ` (${comment})` : ""}${author ? ` by ${author}` : ""}`;
}

function entriesOf(archive: Buffer): readonly Entry[] {
  const found: Entry[] = [];
  let header: TarHeader | undefined;
  let chunks: Buffer[] = [];
  const parser = new TarParser({
    entry: (next) => {
      header = next;
      chunks = [];
    },
    data: (chunk) => chunks.push(Buffer.from(chunk)),
    end: () => {
      if (header) found.push({ header, data: Buffer.concat(chunks) });
    },
  });
  parser.push(archive);
  parser.finish();
  return found;
}

const WHITEOUT = ".wh.";

function applyLayer(tree: Map<string, string>, archive: Buffer): void {
  const entries = entriesOf(archive);
  const below = new Map(tree);
  for (const { header } of entries) {
    const path = pathOf(header);
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (!name.startsWith(WHITEOUT)) continue;
    const parent = path.slice(0, path.length - name.length);
    if (name === ".wh..wh..opq") remove(tree, below, parent, false);
    else remove(tree, below, parent + name.slice(WHITEOUT.length), true);
  }
  for (const entry of entries) {
    const path = pathOf(entry.header);
    if (path.slice(path.lastIndexOf("/") + 1).startsWith(WHITEOUT)) continue;
    if (entry.header.type !== "dir") remove(tree, below, path, true);
    if (path === "") continue;
    tree.set(
      path,
      entry.header.type === "hardlink" ? (tree.get(pathOf({ ...entry.header, name: entry.header.link ?? "" })) ?? "?") : describe(entry),
    );
  }
}

/** Removes the entries below `path` of earlier layers; with `itself`, the path too. */
function remove(tree: Map<string, string>, below: ReadonlyMap<string, string>, path: string, itself: boolean): void {
  const prefix = path === "" || path.endsWith("/") ? path : `${path}/`;
  for (const known of below.keys()) if (known.startsWith(prefix) || (itself && known === path)) tree.delete(known);
}

function pathOf(header: TarHeader): string {
  return header.name
    .replace(/^\/+|^\.\/+/g, "")
    .replace(/\/+$/, "")
    .replace(/^\.$/, "");
}

function describe({ header, data }: Entry): string {
  const { type, mode, uid, gid, link, device, xattrs } = header;
  const words = [type, mode.toString(8), `${uid}:${gid}`];
  if (type === "file") words.push(String(data.length), createHash("sha256").update(data).digest("hex").slice(0, 12));
  if (link) words.push(`-> ${link}`);
  if (device) words.push(`${device.major},${device.minor}`);
  if (xattrs && Object.keys(xattrs).length > 0) words.push(JSON.stringify(xattrs));
  return words.join(" ");
}

/**
 * Returns a value with its members in order and without empty ones, because Go's encoders differ in
 * the members that they leave out.
 */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined && member !== "");
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, sorted(member)]));
}
