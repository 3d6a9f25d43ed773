import type { CopyAction } from "../../../llb/ops.js";
import { resolvePath } from "../../../oci/layer/model/resolve.js";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import type { NodeMeta, Timestamp } from "../../../core/file-node.js";
import { joinPath, makeDirectories, parentOf } from "./directories.js";
import { directoryOntoFile, fileOntoDirectory, parentMissing } from "./errors.js";
import { DIRECTORY_MODE, type ModeChange } from "./mode.js";
import type { Ids } from "./owner.js";
import { type Filter, type Selected, takesContents, walkSelected } from "./select.js";
import type { LinkGroup } from "./plan-entries.js";
import type { TreeBuilder } from "./tree-builder.js";

interface CopyOptions {
  readonly owner: Ids | undefined;
  readonly mode: ModeChange | undefined;
  readonly filter: Filter;
  /** Time of directories without a source. */
  readonly mtime: Timestamp;
}

/**
 * Copies one selected file or directory, as BuildKit's `fsutil/copy` does on mounted roots.
 * Destination symlinks are followed inside the target root. An existing destination directory keeps
 * owner and mode, but existing directories below it take those of the source. No path changes its
 * kind between directory and something else. Symlinks in a copied tree stay symlinks.
 */
export function copySelected(target: TreeBuilder, source: FileTree, selected: Selected, action: CopyAction, options: CopyOptions): void {
  const made = new Set(makeDestinationParents(target, action, options));
  const directory = { mode: options.mode?.parents ?? DIRECTORY_MODE, owner: options.owner, mtime: options.mtime };
  let destination = resolvePath(target, action.dest).path;
  const existing = target.lookup(destination);
  const isDirectory = selected.node.type === "dir";
  if (existing && (isDirectory ? !takesContents(action) : existing.type === "dir")) destination = joinPath(destination, selected.name);
  const needed = isDirectory && takesContents(action) && !existing ? destination : parentOf(destination);
  for (const path of makeDirectories(target, needed, directory)) made.add(path);
  const copier = new Copier(target, source, options);
  if (!isDirectory) {
    copier.putOther(selected.path, selected.node, destination);
    return;
  }
  const created = copier.putDirectory(selected, destination, "keep");
  // A directory made for this copy gets the time of its source.
  if (!created && made.has(destination)) target.setMeta(destination, { mtime: selected.node.mtime });
  walkSelected(source, selected.path, options.filter, (entry) => {
    // Joined as a list, so that it is one string at once.
    const path = destination === "" ? entry.relative : [destination, entry.relative].join("/");
    if (entry.node.type === "dir") copier.putDirectory(entry, path, entry.implied ? "mode" : "replace");
    else copier.putOther(entry.path, entry.node, path);
  });
}

/**
 * Makes the directories of the destination before the copy: all of it when it ends in a slash, else
 * the directories above its last name.
 */
function makeDestinationParents(target: TreeBuilder, action: CopyAction, options: CopyOptions): readonly string[] {
  const { dest } = action;
  const asDirectory = dest.endsWith("/") || dest.endsWith("/.");
  if (!action.createDestPath) {
    const parent = parentOf(resolvePath(target, dest).path);
    if (!target.lookup(parent)) throw parentMissing(resolvePath(target, dest).path);
  }
  const path = asDirectory ? dest : dest.slice(0, dest.lastIndexOf("/") + 1);
  return makeDirectories(target, resolvePath(target, path).path, {
    mode: options.mode?.parents ?? DIRECTORY_MODE,
    owner: options.owner,
    mtime: options.mtime,
  });
}

class Copier {
  readonly #target: TreeBuilder;
  readonly #source: FileTree;
  readonly #options: CopyOptions;
  /**
   * Files with several names in the source, by the first of them: each is one file in the target
   * too.
   */
  readonly #groups = new Map<string, LinkGroup>();

  constructor(target: TreeBuilder, source: FileTree, options: CopyOptions) {
    this.#target = target;
    this.#source = source;
    this.#options = options;
  }

  /**
   * Makes a directory like the source's. Returns true when it was missing. An existing one is kept,
   * or takes the source's mode, or all its metadata.
   */
  putDirectory(
    { path: source, node }: { readonly path: string; readonly node: NodeMeta },
    path: string,
    existing: "keep" | "mode" | "replace",
  ): boolean {
    const known = this.#target.lookup(path);
    if (known && known.type !== "dir") throw directoryOntoFile(source, known);
    if (!known) {
      this.#target.put(this.#meta(node, path));
      return true;
    }
    if (existing === "mode") {
      if (known.mode !== node.mode) this.#target.setMeta(path, { mode: node.mode });
    } else if (existing === "replace") {
      const meta = this.#meta(node, path);
      if (!sameMeta(known, meta)) this.#target.put(meta);
    }
    return false;
  }

  /** Copies anything that is no directory. The copy replaces an existing path, also a symlink. */
  putOther(sourcePath: string, node: NodeMeta, path: string): void {
    if (this.#target.lookup(path)?.type === "dir") throw fileOntoDirectory(path);
    const meta = this.#meta(node, path);
    if (node.type === "file") this.#target.put(meta, { kind: "tree", tree: this.#source, path: sourcePath }, this.#group(sourcePath));
    else this.#target.put(meta);
  }

  #group(sourcePath: string): LinkGroup | undefined {
    const first = this.#source.linksOf?.(sourcePath)?.[0];
    if (first === undefined) return undefined;
    let group = this.#groups.get(first);
    if (!group) this.#groups.set(first, (group = { members: new Set() }));
    return group;
  }

  #meta(node: NodeMeta, path: string): NodeMeta {
    const { owner, mode: change } = this.#options;
    const { type, size, mtime } = node;
    const mode = change && type !== "symlink" ? change.apply(node.mode, type === "dir") : node.mode;
    const uid = owner?.uid ?? node.uid;
    const gid = owner?.gid ?? node.gid;
    // Most nodes have nothing more, and listing the members is several times faster than spreading.
    if (node.link === undefined && !node.xattrs && !node.device) return { path, type, mode, uid, gid, size, mtime };
    return { ...node, path, mode, uid, gid };
  }
}

function sameMeta(a: NodeMeta, b: NodeMeta): boolean {
  return (
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mtime.sec === b.mtime.sec &&
    a.mtime.nsec === b.mtime.nsec &&
    JSON.stringify(a.xattrs ?? {}) === JSON.stringify(b.xattrs ?? {})
  );
}
