import type { LayerId } from "../../cache/contract/layers.js";
import type { FileTree, PackEntry } from "../../oci/layer/toc.js";
import type { SolverContext } from "../context.js";
import type { Reporter } from "../layers/ports.js";
import { packLayer } from "../layers/pack.js";

/**
 * A layer with everything of a local tree at and below `selector`, for steps that mount it: what .dockerignore hides stays hidden and files belong to
 * root, which a bind mount of the directory itself could not give.
 */
export async function treeLayer(tree: FileTree, selector: string, context: SolverContext, reporter: Reporter): Promise<LayerId> {
  const entries: PackEntry[] = [];
  const add = (path: string): void => {
    const node = tree.lookup(path);
    if (!node) return;
    if (path !== "") entries.push(node.type === "file" ? { ...node, source: tree.content(path) } : node);
    for (const name of tree.children(path)) add(path === "" ? name : `${path}/${name}`);
  };
  const parts = selector.split("/").filter((part) => part !== "");
  for (let depth = 1; depth < parts.length; depth++) {
    const parent = tree.lookup(parts.slice(0, depth).join("/"));
    if (parent) entries.push(parent);
  }
  add(parts.join("/"));
  return packLayer(context.layers, { entries }, { type: "uncompressed" }, reporter);
}
