import { closeSync, lstatSync, openSync } from "node:fs";
import { systemErrorCode } from "../../../core/errors.js";
import { fsPath } from "../../../core/system/path-bytes.js";
import { lgetxattr } from "../../../core/system/posix.js";
import { joinPath, splitPath } from "../model/path-order.js";
import { type Cancellation, stopIfAborted } from "../read/read-layer.js";
import type { LayerTasks } from "../model/tasks.js";
import type { Toc, TocEntry } from "../model/toc.js";
import { revivedToc } from "../model/toc-columns.js";
import { readNames, readNode, statOf } from "./upper-stat.js";
import { VirtualOwners } from "../model/virtual-owners.js";
import { OPAQUE_XATTR, WHITEOUT_XATTR } from "../model/xattrs.js";
import { hashOpenFile } from "../../../core/system/hash-file.js";

/** Differences after which further ones do not matter. */
const ENOUGH = 10;
const buffer = Buffer.allocUnsafe(1 << 20);

/**
 * Compares an unpacked layer with its table of contents: types, owners, modes, links, content,
 * deletions; with `complete` also files that the table does not have. Does not compare times and
 * attributes. Returns the differences as sentences.
 */
export async function check(params: Parameters<LayerTasks["check"]>[0], context?: Cancellation): ReturnType<LayerTasks["check"]> {
  const { directory } = params;
  const toc = revivedToc(params.toc);
  const owners = new VirtualOwners([directory]);
  const found: string[] = [];
  for (const entry of toc.entries) {
    if (found.length >= ENOUGH) return found;
    stopIfAborted(context);
    const difference = differenceOf(directory, entry, owners);
    if (difference !== undefined) found.push(`"${entry.path}" ${difference}`);
  }
  for (const path of toc.whiteouts) if (!isWhiteout(`${directory}/${path}`)) found.push(`"${path}" is not deleted any more`);
  if (params.complete) found.push(...additions(directory, toc));
  return found.slice(0, ENOUGH);
}

function differenceOf(directory: string, entry: TocEntry, owners: VirtualOwners): string | undefined {
  const { path, type } = entry;
  // The root directory of an overlay is that of its upper directory.
  if (path === "") return undefined;
  const host = `${directory}/${path}`;
  const stat = statOf(host);
  if (!stat) return type === "char" || type === "block" ? undefined : "is missing";
  const node = readNode(host, path, stat, type === "file" ? undefined : owners.of(host));
  if (node?.type !== type) return `is no ${type} any more`;
  if (node.uid !== entry.uid || node.gid !== entry.gid) return `belongs to ${node.uid}:${node.gid} instead of ${entry.uid}:${entry.gid}`;
  if (type !== "symlink" && node.mode !== entry.mode) return `has mode ${node.mode.toString(8)} instead of ${entry.mode.toString(8)}`;
  if (type === "symlink" && node.link !== entry.link) return "leads elsewhere";
  if (type === "dir" && (entry.opaque ?? false) && lgetxattr(host, OPAQUE_XATTR)?.toString() !== "y") return "shows what is below";
  if (type !== "file") return undefined;
  if (entry.hardlink !== undefined) {
    const target = statOf(`${directory}/${entry.hardlink}`);
    return target?.ino === stat.ino ? undefined : `is no link to "${entry.hardlink}" any more`;
  }
  if (node.size !== entry.size) return `has ${node.size} bytes instead of ${entry.size}`;
  return entry.digest === undefined || digestOf(host) === entry.digest ? undefined : "has other bytes";
}

function digestOf(host: string): string {
  const fd = openSync(fsPath(host), "r");
  try {
    return hashOpenFile(fd, buffer);
  } finally {
    closeSync(fd);
  }
}

function isWhiteout(host: string): boolean {
  const stat = statOf(host);
  if (!stat) return false;
  return (stat.isCharacterDevice() && stat.rdev === 0) || (stat.isFile() && lgetxattr(host, WHITEOUT_XATTR) !== undefined);
}

function* additions(directory: string, { entries, whiteouts }: Toc): Iterable<string> {
  const named = [...whiteouts, ...Array.from(entries, ({ path }) => path)];
  const known = new Set(named);
  for (const path of named) for (let [at] = splitPath(path); at !== "" && !known.has(at); [at] = splitPath(at)) known.add(at);
  const pending = [""];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const name of readNames(`${directory}/${path}`)) {
      const child = joinPath(path, name);
      if (!known.has(child)) yield `"${child}" was added`;
      else if (isDirectory(`${directory}/${child}`)) pending.push(child);
    }
  }
}

function isDirectory(host: string): boolean {
  try {
    return lstatSync(fsPath(host)).isDirectory();
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    return false;
  }
}
