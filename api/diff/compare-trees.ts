import { compareCodeUnits } from "../../core/canonical.js";
import { isSameNode, type NodeMeta, type NodeType, type Xattrs } from "../../core/file-node.js";
import type { ContentSource, FileTree } from "../../oci/layer/model/toc.js";

/** A file as one side has it. */
export interface FileState {
  readonly type: NodeType;
  /** Permission bits, 0…0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of a file. */
  readonly size: number;
  /** Target of a symbolic link. */
  readonly link?: string;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly xattrs?: Xattrs;
}

/** Parts of a file that differ. Times are none of them, as they are no part of cache keys. */
export type Aspect = "type" | "content" | "mode" | "owner" | "link" | "device" | "attributes";

/** A path that is not the same on both sides. */
export interface FileChange {
  /** Absolute path. */
  readonly path: string;
  readonly change: "added" | "modified" | "removed";
  /** Parts that differ, for a modified one. */
  readonly aspects: readonly Aspect[];
  readonly before?: FileState;
  readonly after?: FileState;
}

interface Pair {
  readonly path: string;
  readonly before: NodeMeta | undefined;
  readonly after: NodeMeta | undefined;
}

/** Returns the paths that differ in two trees, by path. */
export async function compareTrees(before: FileTree, after: FileTree, signal: AbortSignal): Promise<readonly FileChange[]> {
  const pairs = [...pairsOf(before, after, "")];
  const unsure = pairs.filter((pair) => needsContent(pair) && !isSameSource(before.content(pair.path), after.content(pair.path)));
  const paths = unsure.map(({ path }) => path);
  const [was, is] = [await before.digests(paths, signal), await after.digests(paths, signal)];
  const changed = new Set(paths.filter((_, index) => was.at(index) !== is.at(index)));
  return pairs.flatMap((pair) => changeOf(pair, changed.has(pair.path)) ?? []);
}

/** Yields all paths but those whose nodes show no difference and are no files. */
function* pairsOf(before: FileTree, after: FileTree, directory: string): Generator<Pair> {
  const names = new Set([...before.children(directory), ...after.children(directory)]);
  for (const name of [...names].sort(compareCodeUnits)) {
    const path = directory === "" ? name : `${directory}/${name}`;
    const pair = { path, before: before.lookup(path), after: after.lookup(path) };
    if (pair.before?.type === "file" || !isSame(pair)) yield pair;
    if (pair.before?.type === "dir" || pair.after?.type === "dir") yield* pairsOf(before, after, path);
  }
}

function isSame({ before, after }: Pair): boolean {
  return before !== undefined && after !== undefined && isSameNode(before, after);
}

/** Returns true for a file on both sides whose sizes are no difference. */
function needsContent({ before, after }: Pair): boolean {
  return before?.type === "file" && after?.type === "file" && before.size === after.size;
}

function isSameSource(a: ContentSource, b: ContentSource): boolean {
  return a.kind === "layer" && b.kind === "layer" && a.layer === b.layer && a.path === b.path;
}

function changeOf({ path, before, after }: Pair, hasOtherContent: boolean): FileChange | undefined {
  const sides = { ...(before && { before: stateOf(before) }), ...(after && { after: stateOf(after) }) };
  const change = before === undefined ? "added" : after === undefined ? "removed" : "modified";
  const aspects = before && after ? aspectsOf(before, after, hasOtherContent) : [];
  return change === "modified" && aspects.length === 0 ? undefined : { path: `/${path}`, change, aspects, ...sides };
}

function aspectsOf(before: NodeMeta, after: NodeMeta, hasOtherContent: boolean): readonly Aspect[] {
  const isFile = before.type === "file" && after.type === "file";
  const all: readonly (readonly [Aspect, boolean])[] = [
    ["type", before.type !== after.type],
    ["content", isFile && (hasOtherContent || before.size !== after.size)],
    ["mode", before.mode !== after.mode],
    ["owner", before.uid !== after.uid || before.gid !== after.gid],
    ["link", before.link !== after.link],
    ["device", before.device?.major !== after.device?.major || before.device?.minor !== after.device?.minor],
    ["attributes", JSON.stringify(before.xattrs ?? {}) !== JSON.stringify(after.xattrs ?? {})],
  ];
  return all.flatMap(([aspect, differs]) => (differs ? [aspect] : []));
}

function stateOf({ type, mode, uid, gid, size, link, device, xattrs }: NodeMeta): FileState {
  return {
    type,
    mode,
    uid,
    gid,
    size,
    ...(link === undefined ? {} : { link }),
    ...(device && { device }),
    ...(xattrs && { xattrs }),
  };
}
