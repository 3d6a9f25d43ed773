import { readGlob } from "../../../core/text/glob.js";
import { compileWildcards } from "../../../core/text/wildcards.js";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import { badPattern } from "./errors.js";

/**
 * Returns true when Go's `filepath.Match` would see a wildcard in `name`. `\` escapes the next
 * character.
 */
export function hasWildcard(name: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*[*?[]/s.test(name);
}

/**
 * Returns the part of an absolute path before its first component with a wildcard, and the
 * components from there on; none without a wildcard.
 */
export function splitWildcards(path: string): { readonly prefix: string; readonly patterns: readonly string[] } {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const first = parts.findIndex(hasWildcard);
  return first === -1
    ? { prefix: parts.join("/"), patterns: [] }
    : { prefix: parts.slice(0, first).join("/"), patterns: parts.slice(first) };
}

/**
 * Returns paths below `directory` whose components match `patterns` one by one, in order of a walk.
 * Does not follow symlinks; the copy follows a match then.
 */
export function expandWildcards(tree: FileTree, directory: string, patterns: readonly string[]): readonly string[] {
  const [pattern, ...rest] = patterns;
  if (pattern === undefined) return [directory];
  const matches = compileComponent(pattern);
  const out: string[] = [];
  for (const name of tree.children(directory)) {
    if (matches(name)) out.push(...expandWildcards(tree, directory === "" ? name : `${directory}/${name}`, rest));
  }
  return out;
}

/** Compiles a pattern for one component. Throws `copy/bad-pattern`. */
export function compileComponent(pattern: string): (name: string) => boolean {
  const elements = readGlob(pattern);
  if (elements === undefined) throw badPattern(pattern);
  return compileWildcards(elements);
}
