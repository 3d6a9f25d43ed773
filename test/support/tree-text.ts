import { chmodSync, linkSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openContent } from "../../oci/layer/model/content.js";
import type { FileTree, PackEntry, PackPlan, TocEntry } from "../../oci/layer/model/toc.js";
import type { NodeType } from "../../core/file-node.js";
import { TreeBuilder } from "../../solver/ops/file/tree-builder.js";

/**
 * Trees and layers as text, one line for each entry: kind, mode, owner, path, details of the kind:
 *
 *     d 755 0:0 etc
 *     f 644 0:0 etc/motd = hello
 *     l 777 0:0 etc/link -> motd
 *     h 644 0:0 etc/other => etc/motd
 *     o 755 0:0 var          an opaque directory
 *     p 644 0:0 fifo
 *     w etc/gone             a deletion
 */
export interface Line {
  readonly kind: "d" | "f" | "l" | "h" | "o" | "p" | "w";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly path: string;
  /** Content or target. */
  readonly text: string;
}

export function parseTree(text: string): readonly Line[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const deleted = /^w (.+)$/.exec(line);
      if (deleted) return { kind: "w", mode: 0, uid: 0, gid: 0, path: deleted[1] as string, text: "" };
      const match = /^([dflhop]) ([0-7]+) (\d+):(\d+) (.+?)(?: (?:=|->|=>) (.*))?$/.exec(line);
      if (!match) throw new Error(`bad tree line: ${line}`);
      const [, kind, mode, uid, gid, path, rest] = match;
      return {
        kind: kind as Line["kind"],
        mode: Number.parseInt(mode as string, 8),
        uid: Number(uid),
        gid: Number(gid),
        path: path as string,
        text: (rest ?? "").replaceAll("\\n", "\n"),
      };
    });
}

export function formatLine({ kind, mode, uid, gid, path, text }: Line): string {
  if (kind === "w") return `w ${path}`;
  const separator = { f: " = ", l: " -> ", h: " => " }[kind as string] ?? "";
  return `${kind} ${mode.toString(8)} ${uid}:${gid} ${path}${separator}${separator === "" ? "" : text.replaceAll("\n", "\\n")}`;
}

const MTIME = { sec: 1_000_000_000, nsec: 0 };
const TYPES: Readonly<Record<string, NodeType>> = { d: "dir", f: "file", l: "symlink", p: "fifo" };

/** Makes a tree in memory. */
export function memoryTree(lines: readonly Line[]): TreeBuilder {
  const tree = new TreeBuilder(undefined);
  for (const { kind, mode, uid, gid, path, text } of lines) {
    if (kind === "h") {
      const group = tree.linkGroup(text);
      const meta = tree.lookup(text);
      if (meta) tree.put({ ...meta, path }, tree.contentOf(text), group);
      continue;
    }
    const data = Buffer.from(text);
    const meta = {
      path,
      type: TYPES[kind] as NodeType,
      mode,
      uid,
      gid,
      size: kind === "f" ? data.length : 0,
      mtime: MTIME,
      ...(kind === "l" ? { link: text } : {}),
    };
    tree.put(meta, kind === "f" ? { kind: "bytes", data } : undefined);
  }
  return tree;
}

/** Writes the tree to disk, without owners, with the time of trees in memory. */
export function writeTree(directory: string, lines: readonly Line[]): void {
  const modes: (readonly [string, number])[] = [];
  for (const { kind, mode, path, text } of lines) {
    const at = join(directory, path);
    mkdirSync(dirname(at), { recursive: true });
    if (kind === "d") mkdirSync(at, { recursive: true });
    else if (kind === "f") writeFileSync(at, text);
    else if (kind === "l") symlinkSync(text, at);
    else if (kind === "h") linkSync(join(directory, text), at);
    else throw new Error(`cannot write a "${kind}" line to disk`);
    if (kind === "d" || kind === "f") modes.push([at, mode]);
  }
  for (const [at, mode] of modes.reverse()) chmodSync(at, mode);
  for (const { path } of lines) lutimesSync(join(directory, path), MTIME.sec, MTIME.sec);
}

/** Returns a planned layer as text, in canonical order. */
export function planText(plan: PackPlan): string {
  const kinds: Readonly<Record<string, Line["kind"]>> = { dir: "d", file: "f", symlink: "l", fifo: "p" };
  const lines = [...plan.entries].map((entry): Line => {
    const { path, mode, uid, gid } = entry;
    const kind = entry.hardlink !== undefined ? "h" : entry.opaque ? "o" : (kinds[entry.type] as Line["kind"]);
    const text = contentOf(entry)?.toString() ?? entry.hardlink ?? entry.link ?? "";
    return { kind, mode, uid, gid, path, text };
  });
  for (const path of plan.whiteouts ?? []) lines.push({ kind: "w", mode: 0, uid: 0, gid: 0, path, text: "" });
  return formatLines(lines);
}

export function formatLines(lines: readonly Line[]): string {
  return [...lines]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((line) => `${formatLine(line)}\n`)
    .join("");
}

/** Returns every entry of a tree, to compare whole trees. */
export function treeEntries(tree: FileTree, path = ""): readonly TocEntry[] {
  const out: TocEntry[] = [];
  for (const name of tree.children(path)) {
    const at = path === "" ? name : `${path}/${name}`;
    const node = tree.lookup(at);
    if (node) out.push(node, ...treeEntries(tree, at));
  }
  return out;
}

/** Returns what a packer reads of a file of this machine; undefined for anything else. */
export function contentOf(entry: PackEntry): Buffer | undefined {
  if (!entry.source || entry.source.kind === "layer") return undefined;
  const content = openContent(entry);
  try {
    const bytes = Buffer.alloc(entry.size);
    return bytes.subarray(0, content.read(bytes, 0, bytes.length));
  } finally {
    content.close();
  }
}
