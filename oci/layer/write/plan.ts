import { comparePaths, joinPath, sortByPath, splitPath } from "../model/path-order.js";
import { reservedName } from "../model/errors.js";
import type { PackEntries, PackEntry, PackPlan } from "../model/toc.js";
import type { Timestamp } from "../../../core/file-node.js";
import { isReservedName } from "../model/whiteout.js";
import { layerXattrs } from "../model/xattrs.js";

/** One step of writing a tar, in order. */
export type PackStep =
  | { readonly kind: "entry"; readonly entry: PackEntry /** The content has other names too. */; readonly linked?: boolean }
  | { readonly kind: "opaque"; readonly path: string }
  | { readonly kind: "whiteout"; readonly path: string };

/**
 * Yields the steps of a plan in their one order and form. Paths are in canonical order, and an
 * opaque marker comes right after its directory. The first path of a group of hard links has the
 * content. Times are in whole seconds, as Docker and containerd write them, and not after `epoch`.
 * Makes the steps of an ordered plan one by one.
 */
export function* layerSteps(
  plan: PackPlan,
  epoch: number | undefined,
  options: { /** Take files whose names mean deletions in a layer. */ readonly reservedNames?: boolean } = {},
): Generator<PackStep, void> {
  const whiteouts = new Set(plan.whiteouts ?? []);
  if (whiteouts.size === 0) {
    yield* entrySteps(plan, epoch, whiteouts, options);
    return;
  }
  const steps = [...entrySteps(plan, epoch, whiteouts, options)];
  for (const path of whiteouts) steps.push({ kind: "whiteout", path });
  for (const { step } of sortByPath(steps.map((step) => ({ step, path: placeOf(step) })))) yield step;
}

/** Removes the deletions from `whiteouts` that entries replace. */
function* entrySteps(
  plan: PackPlan,
  epoch: number | undefined,
  whiteouts: Set<string>,
  { reservedNames = false }: { readonly reservedNames?: boolean },
): Generator<PackStep, void> {
  let before: string | undefined;
  const { entries, firsts } = withFirstLinks(plan.entries);
  for (const entry of sortedEntries(entries)) {
    const { path } = entry;
    if (path === before) throw new Error(`internal: "${path}" is planned twice`);
    if (before !== undefined && comparePaths(before, path) > 0) throw new Error(`internal: "${path}" is planned behind "${before}"`);
    before = path;
    if (!reservedNames && isReservedName(path)) throw reservedName(path);
    // A directory that replaces a path hides it; any other entry hides it by existing.
    const replaces = whiteouts.delete(path) && entry.type === "dir";
    const written = normalized(entry, epoch, replaces);
    yield firsts?.has(path) ? { kind: "entry", entry: written, linked: true } : { kind: "entry", entry: written };
    if (written.opaque) yield { kind: "opaque", path };
  }
}

function sortedEntries(entries: PackEntries): Iterable<PackEntry> {
  if (entries.ordered) return entries;
  let before = "";
  for (const { path } of entries) {
    if (comparePaths(before, path) > 0) return sortByPath([...entries]);
    before = path;
  }
  return entries;
}

/** Returns the path that decides a step's place in the order. */
function placeOf(step: PackStep): string {
  if (step.kind === "entry") return step.entry.path;
  if (step.kind === "opaque") return step.path;
  const [parent, name] = splitPath(step.path);
  return joinPath(parent, `.wh.${name}`);
}

function normalized(entry: PackEntry, epoch: number | undefined, replaces: boolean): PackEntry {
  const { path, type, uid, gid, source, digest } = entry;
  const mode = type === "symlink" ? 0o777 : entry.mode;
  const size = type === "file" ? entry.size : 0;
  const mtime = wholeSeconds(entry.mtime, epoch);
  // Nearly all files have nothing more, and listing the members is several times faster than
  // spreading.
  if (
    source &&
    digest !== undefined &&
    entry.hardlink === undefined &&
    !entry.xattrs &&
    !entry.opaque &&
    entry.link === undefined &&
    !entry.device &&
    !replaces
  )
    return { path, type, mode, uid, gid, size, mtime, source, digest };
  const { xattrs: allXattrs, ...rest } = entry;
  const xattrs = layerXattrs(allXattrs);
  return {
    ...rest,
    mode,
    size,
    mtime,
    ...(xattrs === undefined ? {} : { xattrs }),
    ...(replaces ? { opaque: true } : {}),
  };
}

function wholeSeconds({ sec }: Timestamp, epoch: number | undefined): Timestamp {
  return { sec: epoch === undefined ? sec : Math.min(sec, epoch), nsec: 0 };
}

/**
 * Makes the canonically first path of each group of hard links the target of the others: these
 * paths are `firsts`.
 */
function withFirstLinks(entries: PackEntries): { readonly entries: PackEntries; readonly firsts?: ReadonlySet<string> } {
  if (entries.ordered) return { entries };
  const groups = new Map<string, string[]>();
  for (const { path, hardlink } of entries) {
    if (hardlink === undefined) continue;
    const group = groups.get(hardlink);
    if (group) group.push(path);
    else groups.set(hardlink, [hardlink, path]);
  }
  if (groups.size === 0) return { entries };
  const firstOf = new Map<string, string>();
  for (const [target, group] of groups) firstOf.set(target, sortByPath(group.map((path) => ({ path })))[0]?.path as string);
  const targets = new Map<string, PackEntry>();
  for (const entry of entries) if (groups.has(entry.path)) targets.set(entry.path, entry);
  const linked = Array.from(entries, (entry) => {
    const target = entry.hardlink ?? (groups.has(entry.path) ? entry.path : undefined);
    if (target === undefined) return entry;
    const primary = targets.get(target);
    if (!primary || primary.hardlink !== undefined) throw new Error(`internal: "${entry.path}" is planned as a hard link to "${target}"`);
    const first = firstOf.get(target);
    const { hardlink: _, ...shared } = primary;
    return entry.path === first ? { ...shared, path: entry.path } : { ...shared, path: entry.path, hardlink: first as string };
  });
  return { entries: linked, firsts: new Set(firstOf.values()) };
}
