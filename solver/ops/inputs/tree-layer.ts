import type { LayerId } from "../../../cache/contract/layers.js";
import type { FileTree, PackEntry } from "../../../oci/layer/model/toc.js";
import type { LayerAccess } from "../../layers/layer-access.js";
import type { Reporter } from "../../layers/ports.js";
import { packLayer } from "../../layers/pack.js";
import { subtreeAt } from "../file/subtree.js";

/** A layer, and the place in it of the requested path. */
interface TreeLayer {
  readonly layer: LayerId;
  /** Path free of links. */
  readonly root: string;
}

/**
 * Packs everything of a local tree at and below `selector`, for steps that mount it. Paths that
 * .dockerignore hides stay hidden and files belong to root, which a bind mount of the directory
 * itself could not do.
 */
export async function treeLayer(tree: FileTree, selector: string, layers: LayerAccess, reporter: Reporter): Promise<TreeLayer> {
  const { root, entries: below } = subtreeAt(tree, selector);
  const entries: PackEntry[] = [];
  const parts = root.split("/");
  for (let depth = 1; depth < parts.length; depth++) {
    const parent = tree.lookup(parts.slice(0, depth).join("/"));
    if (parent) entries.push(parent);
  }
  for (const { path, node } of below) {
    if (path !== "") entries.push(node.type === "file" ? { ...node, source: tree.content(path) } : node);
  }
  return { layer: await packLayer(layers, { entries }, { type: "uncompressed" }, reporter), root };
}
