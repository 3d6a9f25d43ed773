import type { NodeMeta, Timestamp } from "../../../core/file-node.js";
import { parentNotDirectory } from "./errors.js";
import type { Ids } from "./owner.js";
import type { TreeBuilder } from "./tree-builder.js";

interface NewDirectory {
  readonly mode: number;
  /** Owner. Default: root. */
  readonly owner: Ids | undefined;
  readonly mtime: Timestamp;
}

/**
 * Makes `path` (resolved) and missing directories above it. Returns the new ones. Throws
 * `copy/parent-not-a-directory`.
 */
export function makeDirectories(target: TreeBuilder, path: string, directory: NewDirectory): readonly string[] {
  const made: string[] = [];
  if (path === "") return made;
  for (let slash = path.indexOf("/"); ; slash = path.indexOf("/", slash + 1)) {
    const at = slash === -1 ? path : path.slice(0, slash);
    const node = target.lookup(at);
    if (node && node.type !== "dir") throw parentNotDirectory(at);
    if (!node) {
      target.put(directoryMeta(at, directory));
      made.push(at);
    }
    if (slash === -1) return made;
  }
}

export function directoryMeta(path: string, { mode, owner, mtime }: NewDirectory): NodeMeta {
  return { path, type: "dir", mode, uid: owner?.uid ?? 0, gid: owner?.gid ?? 0, size: 0, mtime };
}

/** Returns the directory of a resolved path; `""` for a name in the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "" : path.slice(0, slash);
}

/** Returns `name` in a directory; an empty name is the directory. */
export function joinPath(directory: string, name: string): string {
  return directory === "" ? name : name === "" ? directory : `${directory}/${name}`;
}
