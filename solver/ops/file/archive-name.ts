import { symlinkLoop } from "../../../oci/layer/model/errors.js";
import { SYMLINK_LIMIT } from "../../../oci/layer/model/resolve.js";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import { archiveEscapes } from "./errors.js";

/**
 * Returns a name in an archive as a path below the directory it is unpacked into; `""` is that
 * directory. Throws `copy/archive-escapes`.
 */
export function cleanArchiveName(name: string): string {
  const out: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") out.push(part);
    else if (out.pop() === undefined && !name.startsWith("/")) throw archiveEscapes(name);
  }
  return out.join("/");
}

/**
 * Returns the path of an entry in `tree` when the archive is unpacked into `directory`. Follows
 * symlinks as if that directory were the root, so that an archive cannot reach anything else.
 * `followLast`: a directory entry goes to the target of a symlink of its name.
 */
export function resolveArchivePath(tree: FileTree, directory: string, name: string, followLast: boolean): string {
  const at = (path: string): string => (directory === "" ? path : path === "" ? directory : `${directory}/${path}`);
  const pending = name.split("/").reverse();
  const resolved: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const part = pending.pop() as string;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (resolved.pop() === undefined) throw archiveEscapes(name);
      continue;
    }
    resolved.push(part);
    if (pending.length === 0 && !followLast) break;
    const node = tree.lookup(at(resolved.join("/")));
    if (node?.type !== "symlink") continue;
    if (++links > SYMLINK_LIMIT) throw symlinkLoop(at(name), SYMLINK_LIMIT);
    const link = node.link ?? "";
    resolved.pop();
    if (link.startsWith("/")) resolved.length = 0;
    pending.push(...link.split("/").reverse());
  }
  return at(resolved.join("/"));
}
