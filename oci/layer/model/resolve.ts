import { symlinkLoop } from "./errors.js";
import { joinPath, splitPath } from "./path-order.js";
import type { FileTree } from "./toc.js";
import type { NodeMeta } from "../../../core/file-node.js";

/** Links that are followed. The kernel follows 40; builders allow 255. */
export const SYMLINK_LIMIT = 255;

export interface Resolved {
  /** Resolved path, free of links and dots. Its last components may not exist. */
  readonly path: string;
  /** Node at the path; undefined when there is none. */
  readonly node: NodeMeta | undefined;
  /** Links that were followed, as paths, in order. A result depends on them besides `path`. */
  readonly links: readonly string[];
  /**
   * First component that exists and is no directory, although components follow: making `path`
   * would fail.
   */
  readonly blockedBy: string | undefined;
}

/**
 * Follows `path` through the links of a tree, never out of it: absolute links start at the tree's
 * root, and `..` stops there. Keeps missing components, so that the result also says where a new
 * file would be. `escaped` makes the error for a `..` above the root, which would lead out of the
 * tree. Throws `layer/symlink-loop`.
 */
export function resolvePath(
  tree: Pick<FileTree, "lookup">,
  path: string,
  options: {
    /** Follow the last component too; default true. */
    readonly followLast?: boolean;
    readonly limit?: number;
    readonly escaped?: () => Error;
  } = {},
): Resolved {
  const { followLast = true, limit = SYMLINK_LIMIT, escaped } = options;
  const links: string[] = [];
  const todo = components(path).reverse();
  let at = "";
  let node: NodeMeta | undefined = tree.lookup("");
  let blockedBy: string | undefined;
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (name === "..") {
      if (at === "" && escaped) throw escaped();
      at = splitPath(at)[0];
      // `..` may have left the component that blocked.
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

/** Returns the names between slashes, without empty ones and `.`. */
function components(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
