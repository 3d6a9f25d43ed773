import type { NodeMeta } from "../../../core/file-node.js";
import { joinPath } from "./path-order.js";
import type { FileTree } from "./toc.js";

/** A node of a tree at its path. */
export interface FoundNode {
  readonly path: string;
  readonly node: NodeMeta;
}

/** Finds all nodes below a directory of a tree, each directory before the nodes in it. */
export function* nodesBelow(tree: Pick<FileTree, "lookup" | "children">, directory: string): Generator<FoundNode, void> {
  const directories = [directory];
  for (let at = directories.pop(); at !== undefined; at = directories.pop()) {
    for (const name of tree.children(at)) {
      const path = joinPath(at, name);
      const node = tree.lookup(path);
      if (!node) continue;
      yield { path, node };
      if (node.type === "dir") directories.push(path);
    }
  }
}
