import type { FileTree } from "../../../oci/layer/toc.js";
import { symlinkLoop } from "./errors.js";

/** As many as containerd's resolver follows. */
const MAX_LINKS = 255;

/**
 * Where `path` is in a tree once every symlink is followed inside it: absolute targets start at the tree's root and `..` stops there. What is not
 * there counts as a plain name, so that paths still to be made can be resolved. `last: false` leaves the last component as it is.
 */
export function rootPath(tree: FileTree | undefined, path: string, options: { readonly last?: boolean } = {}): string {
  const pending = path.split("/").reverse();
  const resolved: string[] = [];
  let links = 0;
  let exists = tree !== undefined;
  while (pending.length > 0) {
    const part = pending.pop() as string;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      resolved.pop();
      exists = tree !== undefined;
      continue;
    }
    resolved.push(part);
    if (!exists || (options.last === false && pending.every((rest) => rest === "" || rest === "."))) continue;
    const node = tree?.lookup(resolved.join("/"));
    if (!node) {
      exists = false;
    } else if (node.type === "symlink") {
      if (++links > MAX_LINKS) throw symlinkLoop(path.replace(/^\/+/, ""));
      const link = node.link ?? "";
      resolved.pop();
      if (link.startsWith("/")) resolved.length = 0;
      pending.push(...link.split("/").reverse());
    }
  }
  return resolved.join("/");
}
