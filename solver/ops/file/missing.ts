import { suggest } from "../../../core/text/suggest.js";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import { LocalTree } from "../local/local-tree.js";

/** Why a tree has nothing at a path, for the end of a message. */
export interface Missing {
  /**
   * The path as the writer of the Dockerfile knows it: absolute in stages and images, relative in
   * contexts.
   */
  readonly shown: string;
  readonly why: string;
  readonly hint: string;
}

/**
 * Explains a path that is not there, as far as the tree knows: the ignore rule that hides it, a
 * name that is nearly the same, or the names there are. `where`: `the build context`, `stage
 * "build"`.
 */
export function explainMissing(tree: FileTree, path: string, where: string): Missing {
  const slash = /^(stage|image) /.test(where) ? "/" : "";
  const shown = path === "" ? "/" : slash + path;
  if (tree instanceof LocalTree) {
    const rule = tree.hiddenBy(path);
    if (rule) {
      const line = rule.line === undefined ? "" : ` (line ${rule.line})`;
      const why = `"${rule.pattern}"${line} in ${tree.ignore.file} excludes it`;
      return { shown, why, hint: `Remove the pattern, or add "!${path}" below it` };
    }
  }
  const { parent, name } = nearestDirectory(tree, path);
  const names = tree.children(parent);
  const near = suggest(name, names);
  const why = "there is no such file or directory";
  if (near !== undefined) return { shown, why, hint: `Did you mean "${slash}${parent === "" ? near : `${parent}/${near}`}"?` };
  return { shown, why, hint: `${parent === "" ? upperFirst(where) : `"${slash}${parent}"`} ${listing(names)}` };
}

function listing(names: readonly string[]): string {
  if (names.length === 0) return "is empty";
  const first = names.slice(0, 8).map((entry) => `"${entry}"`);
  return `has ${first.join(", ")}${names.length > 8 ? ` and ${names.length - 8} more` : ""}`;
}

/**
 * Finds the deepest directory on the way to `path`, and the first name below it that is missing.
 */
function nearestDirectory(tree: FileTree, path: string): { readonly parent: string; readonly name: string } {
  let parent = "";
  for (const name of path.split("/")) {
    const next = parent === "" ? name : `${parent}/${name}`;
    if (tree.lookup(next)?.type !== "dir") return { parent, name };
    parent = next;
  }
  return { parent, name: "" };
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
