import { splitPath } from "../model/path-order.js";
import type { FileTree, PackEntry, Toc, TocEntry } from "../model/toc.js";
import type { NodeMeta } from "../../../core/file-node.js";
import { IMPLIED_DIRECTORY } from "../model/view.js";

/** Facts about an unpacked layer that overlayfs does not know by itself. */
export interface OverlayFacts {
  /**
   * Directories with children but without an entry: on disk they have metadata that no layer gave
   * them.
   */
  readonly implied: readonly string[];
  /**
   * True when nothing below this layer is visible. overlayfs does not look for the mark on the root
   * of a lower directory.
   */
  readonly opaqueRoot: boolean;
  /**
   * Metadata of the root directory in the layer. overlayfs shows the root of the upper directory,
   * whatever is below.
   */
  readonly root: NodeMeta | undefined;
}

export function overlayFacts(toc: Toc): OverlayFacts {
  const known = new Set([""]);
  let root: TocEntry | undefined;
  for (const entry of toc.entries) {
    if (entry.path === "") root = entry;
    if (entry.type === "dir") known.add(entry.path);
  }
  const implied: string[] = [];
  const imply = (directory: string): void => {
    for (let at = directory; !known.has(at); [at] = splitPath(at)) {
      known.add(at);
      implied.push(at);
    }
  };
  for (const { path } of toc.entries) imply(splitPath(path)[0]);
  for (const path of toc.whiteouts) imply(splitPath(path)[0]);
  return { implied, opaqueRoot: root?.opaque ?? false, root };
}

/**
 * Returns the directories whose metadata an overlay of these layers would show wrongly, because the
 * topmost layer that has them only implies them. The directories have the metadata of the whole
 * stack. The directories above them are included, so that the list implies none itself. A layer of
 * these directories on top corrects the overlay. `view` is the stack up to the last of the layers.
 */
export function directoryCorrections(layers: readonly (readonly [OverlayFacts, Toc])[], view: FileTree): readonly PackEntry[] {
  const implied = new Set<string>();
  for (const [facts, toc] of layers) {
    for (const path of facts.implied) implied.add(path);
    if (implied.size > 0) for (const { path } of toc.entries) implied.delete(path);
  }
  const entries = new Map<string, PackEntry>();
  for (const path of implied) {
    const node = view.lookup(path);
    if (node?.type !== "dir" || isAsImplied(node)) continue;
    for (let at = path; at !== "" && !entries.has(at); [at] = splitPath(at)) entries.set(at, entryOf(view.lookup(at) as NodeMeta));
  }
  return [...entries.values()];
}

function isAsImplied({ mode, uid, gid, mtime, xattrs }: NodeMeta): boolean {
  const same = mode === IMPLIED_DIRECTORY.mode && uid === IMPLIED_DIRECTORY.uid && gid === IMPLIED_DIRECTORY.gid;
  return same && mtime.sec === 0 && mtime.nsec === 0 && xattrs === undefined;
}

/** Returns an entry without the members that belong to its own layer. */
function entryOf({ path, type, mode, uid, gid, size, mtime, xattrs }: NodeMeta): PackEntry {
  return { path, type, mode, uid, gid, size, mtime, ...(xattrs === undefined ? {} : { xattrs }) };
}
