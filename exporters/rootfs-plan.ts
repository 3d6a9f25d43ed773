import type { NodeMeta, Toc } from "../oci/layer/toc.js";
import { RootfsView } from "../oci/layer/view.js";

/** What to write for a root filesystem, and which bytes to take from which layer. */
export interface RootfsPlan {
  /** Parents before children; without the root itself. */
  readonly directories: readonly NodeMeta[];
  /** Symlinks, devices, fifos: everything else without content. */
  readonly others: readonly NodeMeta[];
  /** Per layer: the path that carries content in the layer's tar → the names under which it is visible. Several are hard links of one file. */
  readonly files: readonly ReadonlyMap<string, readonly string[]>[];
}

/** What the stack of layers (bottom first) shows, sorted by how it can be written in one pass over each layer. */
export function planRootfs(tocs: readonly Toc[]): RootfsPlan {
  const view = new RootfsView(tocs.map((toc, index) => ({ layer: String(index), toc })));
  const directories: NodeMeta[] = [];
  const others: NodeMeta[] = [];
  const files = tocs.map(() => new Map<string, string[]>());
  const walk = (directory: string): void => {
    for (const name of view.children(directory)) {
      const path = directory === "" ? name : `${directory}/${name}`;
      const meta = view.lookup(path);
      if (meta === undefined) throw new Error(`internal: "${path}" vanished from a view`);
      if (meta.type === "dir") {
        directories.push(meta);
        walk(path);
      } else if (meta.type === "file") {
        const source = view.content(path);
        if (source.kind !== "layer") throw new Error(`internal: "${path}" does not come from a layer`);
        const group = files[Number(source.layer)] as Map<string, string[]>;
        const names = group.get(source.path);
        if (names === undefined) group.set(source.path, [path]);
        else names.push(path);
      } else others.push(meta);
    }
  };
  walk("");
  return { directories, others, files };
}
