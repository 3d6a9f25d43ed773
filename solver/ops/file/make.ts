import type { MkdirAction, MkfileAction, RemoveAction, SymlinkAction } from "../../../llb/ops.js";
import { resolvePath } from "../../../oci/layer/model/resolve.js";
import type { Timestamp } from "../../../core/file-node.js";
import { directoryMeta, joinPath, makeDirectories, parentOf } from "./directories.js";
import { alreadyExists, fileOntoDirectory, parentMissing, parentNotDirectory, removeNotFound, removeRoot, writeRoot } from "./errors.js";
import { expandWildcards, splitWildcards } from "./glob.js";
import { parseMode } from "./mode.js";
import type { Ids } from "./owner.js";
import type { TreeBuilder } from "./tree-builder.js";

interface MakeOptions {
  readonly owner: Ids | undefined;
  readonly mtime: Timestamp;
}

/**
 * Makes the directories of WORKDIR. Existing ones stay unchanged; new ones all get owner and mode.
 */
export function makeDirectory(target: TreeBuilder, action: MkdirAction, { owner, mtime }: MakeOptions): void {
  const path = resolvePath(target, action.path).path;
  const directory = { mode: action.mode & 0o777, owner, mtime };
  if (action.makeParents) {
    makeDirectories(target, path, directory);
  } else if (!target.lookup(path)) {
    checkParent(target, path);
    target.put(directoryMeta(path, directory));
  }
}

/** Makes a file with the given content. The new file replaces an old one; a symlink is followed. */
export function makeFile(target: TreeBuilder, action: MkfileAction, { owner, mtime }: MakeOptions): void {
  const path = resolvePath(target, action.path).path;
  if (path === "") throw writeRoot();
  checkParent(target, path);
  if (target.lookup(path)?.type === "dir") throw fileOntoDirectory(path);
  const data = Buffer.from(action.data, "base64");
  const mode = parseMode(action.mode).apply(0o644, false) & 0o777;
  target.put({ path, type: "file", mode, uid: owner?.uid ?? 0, gid: owner?.gid ?? 0, size: data.length, mtime }, { kind: "bytes", data });
}

/** Makes a symlink with exactly this target text. */
export function makeSymlink(target: TreeBuilder, action: SymlinkAction, { owner, mtime }: MakeOptions): void {
  const path = resolvePath(target, action.newPath).path;
  checkParent(target, path);
  if (target.lookup(path)) throw alreadyExists(path);
  target.put({ path, type: "symlink", mode: 0o777, uid: owner?.uid ?? 0, gid: owner?.gid ?? 0, size: 0, mtime, link: action.oldPath });
}

/** Removes a file, a symlink (not its target), or a directory with everything in it. */
export function removePath(target: TreeBuilder, action: RemoveAction): void {
  const { prefix, patterns } = action.allowWildcard ? splitWildcards(action.path) : { prefix: action.path, patterns: [] };
  const paths =
    patterns.length === 0
      ? [resolvePath(target, prefix, { followLast: false }).path]
      : expandWildcards(target, resolvePath(target, prefix).path, patterns);
  for (const path of paths) {
    if (path === "") throw removeRoot();
    if (target.lookup(path)) target.remove(path);
    else if (!action.allowNotFound) throw removeNotFound(joinPath("", action.path));
  }
}

function checkParent(target: TreeBuilder, path: string): void {
  const parent = target.lookup(parentOf(path));
  if (!parent) throw parentMissing(path);
  if (parent.type !== "dir") throw parentNotDirectory(parentOf(path));
}
