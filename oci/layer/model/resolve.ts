import { symlinkLoop } from "./errors.js";
import { joinPath, splitPath } from "./path-order.js";
import type { FileTree } from "./toc.js";
import type { NodeMeta } from "../../../core/file-node.js";

/** How many links the kernel would follow is 40; builders allow 255. */
export const SYMLINK_LIMIT = 255;

export interface Resolved {
  /** Where the path leads, free of links and dots; its last components may not exist. */
  readonly path: string;
  /** What is there; undefined when nothing is. */
  readonly node: NodeMeta | undefined;
  /** Links that were followed, as paths, in order. What a result depends on besides `path`. */
  readonly links: readonly string[];
  /** The first component on the way that exists and is no directory, when more was to follow: making `path` would fail. */
  readonly blockedBy: string | undefined;
}

/**
 * Follows `path` through the links of a tree, never out of it: absolute links start at the tree's root, and `..` stops there. What does
 * not exist is taken as it stands, so that the answer also tells where a new file would be. Throws `layer/symlink-loop`.
 */
export function resolvePath(
  tree: Pick<FileTree, "lookup">,
  path: string,
  options: { /** Follow the last component too; default true. */ readonly followLast?: boolean; readonly limit?: number } = {},
): Resolved {
  const { followLast = true, limit = SYMLINK_LIMIT } = options;
  const links: string[] = [];
  const todo = components(path).reverse();
  let at = "";
  let node: NodeMeta | undefined = tree.lookup("");
  let blockedBy: string | undefined;
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (name === "..") {
      at = splitPath(at)[0];
      // What blocked the way may have been left again.
      if (blockedBy !== undefined && !isWithin(at, blockedBy)) blockedBy = undefined;
      node = tree.lookup(at);
      continue;
    }
    if (node && node.type !== "dir" && at !== "") blockedBy ??= at;
    at = joinPath(at, name);
    node = blockedBy === undefined ? tree.lookup(at) : undefined;
    if (node?.type !== "symlink" || (todo.length === 0 && !followLast)) continue;
    if (links.length === limit) throw symlinkLoop(path, limit);
    links.push(at);
    const target = node.link ?? "";
    at = target.startsWith("/") ? "" : splitPath(at)[0];
    node = tree.lookup(at);
    for (const part of components(target).reverse()) todo.push(part);
  }
  return { path: at, node, links, blockedBy };
}

/** Names between slashes, without empty ones and `.`. */
function components(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
