import { resolvePath } from "../../../oci/layer/model/resolve.js";
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
  const below = { lookup: (path: string) => tree.lookup(at(path)) };
  return at(resolvePath(below, name, { followLast, escaped: () => archiveEscapes(name) }).path);
}
