import { resolvePath } from "../../../oci/layer/model/resolve.js";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import type { NodeMeta } from "../../../core/file-node.js";

/** A file of a subtree. */
interface SubtreeEntry {
  /** Path in the whole tree. */
  readonly path: string;
  /** Path from the subtree's root, which is "". */
  readonly relative: string;
  readonly node: NodeMeta;
}

/** The part of a tree that a mount shows. */
interface Subtree {
  /** Path of its root in the tree, free of links. The path need not exist. */
  readonly root: string;
  readonly entries: Iterable<SubtreeEntry>;
}

/**
 * Walks everything at and below `selector`, whose symlinks are followed inside the tree as the
 * kernel follows them in a root directory. Links below it stay links. Note that keys and contents
 * of mounts come from this one walk, because a step that sees files outside of its key would be
 * found again for another input.
 */
export function subtreeAt(tree: FileTree, selector: string): Subtree {
  const { path: root } = resolvePath(tree, selector);
  return { root, entries: { [Symbol.iterator]: () => walk(tree, root, "") } };
}

function* walk(tree: FileTree, path: string, relative: string): Generator<SubtreeEntry> {
  const node = tree.lookup(path);
  if (!node) return;
  yield { path, relative, node };
  if (node.type !== "dir") return;
  for (const name of tree.children(path)) {
    yield* walk(tree, path === "" ? name : `${path}/${name}`, relative === "" ? name : `${relative}/${name}`);
  }
}
