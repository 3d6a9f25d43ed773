import { type MatchInfo, PatternMatcher, PatternSyntaxError } from "../../../core/text/pattern-matcher.js";
import type { CopyAction } from "../../../llb/ops.js";
import { resolvePath } from "../../../oci/layer/model/resolve.js";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import type { NodeMeta } from "../../../core/file-node.js";
import { PatternReach } from "../local/pattern-reach.js";
import { badPattern, danglingSource, sourceNotFound, wildcardWithoutMatch } from "./errors.js";
import { expandWildcards, hasWildcard, splitWildcards } from "./glob.js";

/** One file or directory that a copy action selects. */
export interface Selected {
  /** Name in a destination directory: that of the source as written, also when it is a symlink. */
  readonly name: string;
  /** Path in the source tree, symlinks resolved. */
  readonly path: string;
  readonly node: NodeMeta;
}

/** Filter of the entries below a selected directory. Undefined selects all. */
export interface Filter {
  readonly include: PatternMatcher | undefined;
  readonly exclude: PatternMatcher | undefined;
  /** Directories that patterns can match in. Undefined means any. */
  readonly reach: PatternReach | undefined;
}

/** Source of a copy action, with `--parents` turned into patterns below the pivot. */
interface Source {
  readonly src: string;
  readonly include: readonly string[] | undefined;
  readonly exclude: readonly string[] | undefined;
  /** Path without wildcards that has to exist. */
  readonly required: string | undefined;
}

function sourceOf(action: CopyAction): Source {
  const exclude = action.excludePatterns;
  if (action.parentsPivot === undefined) return { src: action.src, include: action.includePatterns, exclude, required: undefined };
  const pivot = splitPath(action.parentsPivot);
  const parts = splitPath(action.src);
  const pattern = pivot.every((part, index) => parts[index] === part) ? parts.slice(pivot.length).join("/") : parts.join("/");
  const src = `/${pivot.join("/")}`;
  if (pattern === "") return { src, include: undefined, exclude, required: undefined };
  const wild = hasWildcard(pattern) || pivot.some(hasWildcard);
  return { src, include: [pattern], exclude, required: wild ? undefined : pattern };
}

function splitPath(path: string): string[] {
  const out: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") out.pop();
    else if (part !== "" && part !== ".") out.push(part);
  }
  return out;
}

/**
 * Returns true when a copy action copies the content of a directory, not the directory: with
 * `--parents` always.
 */
export function takesContents(action: CopyAction): boolean {
  return action.dirCopyContents || action.parentsPivot !== undefined;
}

/**
 * Returns the paths that `action` names in `tree`, in copy order. `where` names the tree in
 * messages. Throws `copy/source-not-found` for a plain path that does not exist. A wildcard may
 * match nothing when the action allows it, but its directory has to exist.
 */
export function selectSources(tree: FileTree, action: CopyAction, where: string): readonly Selected[] {
  const { src, required, exclude } = sourceOf(action);
  const clean = `/${splitPath(src).join("/")}`;
  const last = action.followSymlinks || action.parentsPivot !== undefined;
  const { prefix, patterns } = action.allowWildcard ? splitWildcards(clean) : { prefix: clean.slice(1), patterns: [] };
  if (patterns.length === 0) {
    const found = selected(tree, clean, { last, where });
    if (required !== undefined && !tree.lookup(found.path === "" ? required : `${found.path}/${required}`))
      throw sourceNotFound(`${clean === "/" ? "" : clean}/${required}`, where, tree);
    return [found];
  }
  const directory = resolvePath(tree, prefix).path;
  if (!tree.lookup(directory)) throw sourceNotFound(clean, where, tree);
  const matches = expandWildcards(tree, directory, patterns).map((path) => selected(tree, `/${path}`, { last, where }));
  if (matches.length === 0 && !action.allowEmptyWildcard) throw wildcardWithoutMatch(src, where);
  // The documented `COPY --exclude=*.txt hom* /dir/`: a wildcard's match is filtered by its own
  // name too. A full name is not.
  const excluder = matcher(exclude);
  return excluder ? matches.filter(({ name, node }) => node.type === "dir" || !excluder.matches(name)) : matches;
}

function selected(tree: FileTree, source: string, options: { readonly last: boolean; readonly where: string }): Selected {
  const path = resolvePath(tree, source, { followLast: options.last }).path;
  const node = tree.lookup(path);
  const name = source.slice(source.lastIndexOf("/") + 1);
  if (node) return { name, path, node };
  const unresolved = resolvePath(tree, source, { followLast: false }).path;
  const link = tree.lookup(unresolved);
  if (link?.type === "symlink") throw danglingSource(unresolved, link.link ?? "", options.where);
  throw sourceNotFound(source, options.where, tree);
}

/** Returns the filter for the entries below each selected directory. */
export function filterOf(action: CopyAction): Filter {
  const { include, exclude } = sourceOf(action);
  const includes = matcher(include);
  return {
    include: includes,
    exclude: matcher(exclude),
    reach: includes && new PatternReach(includes.patterns.filter((pattern) => !pattern.exclusion).map(({ text }) => text)),
  };
}

function matcher(patterns: readonly string[] | undefined): PatternMatcher | undefined {
  if (!patterns || patterns.length === 0) return undefined;
  try {
    return new PatternMatcher(patterns);
  } catch (error) {
    throw error instanceof PatternSyntaxError ? badPattern(error.pattern) : error;
  }
}

/** An entry below a selected directory. */
interface Visited {
  /** Path in the tree. */
  readonly path: string;
  /** Path relative to the selected directory. */
  readonly relative: string;
  readonly node: NodeMeta;
  /** True for a directory that no pattern names: it is selected because something in it is. */
  readonly implied: boolean;
}

/** Calls `visit` for each node in a directory of a tree. */
function visitNodes(tree: FileTree, directory: string, visit: (node: NodeMeta) => void): void {
  if (tree.visitNodes) return tree.visitNodes(directory, visit);
  for (const name of tree.children(directory)) {
    const node = tree.lookup(directory === "" ? name : `${directory}/${name}`);
    if (node) visit(node);
  }
}

/**
 * Calls `visit` for everything below `directory` that `filter` selects: directories before their
 * entries, names in code-unit order.
 */
export function walkSelected(tree: FileTree, directory: string, filter: Filter, visit: (entry: Visited) => void): void {
  const { include, exclude, reach } = filter;
  // Directories above that are selected only if something in them is. The walk fills the list on
  // its way down and empties it on its way up.
  const pending: { readonly path: string; readonly relative: string; readonly node: NodeMeta }[] = [];
  const walk = (path: string, relative: string, included: MatchInfo | undefined, excluded: MatchInfo | undefined): void => {
    const start = path === "" ? 0 : path.length + 1;
    visitNodes(tree, path, (node) => {
      const childPath = node.path;
      const name = childPath.slice(start);
      // The tree's own string where it is equal: another one for each of many files would take as
      // much memory as all else about them.
      const childRelative = path === relative ? childPath : relative === "" ? name : `${relative}/${name}`;
      const isIncluded = include?.matchesUsingParent(childRelative, included);
      const isExcluded = exclude?.matchesUsingParent(childRelative, excluded);
      const taken = (isIncluded?.matched ?? true) && !(isExcluded?.matched ?? false);
      if (taken) {
        for (const directoryAbove of pending) visit({ ...directoryAbove, implied: true });
        pending.length = 0;
        visit({ path: childPath, relative: childRelative, node, implied: false });
      }
      if (node.type !== "dir") return;
      if (!taken) {
        if (isExcluded?.matched && !exclude?.hasExclusions) return;
        if (isIncluded?.matched === false && !reach?.into(childRelative)) return;
        pending.push({ path: childPath, relative: childRelative, node });
      }
      walk(childPath, childRelative, isIncluded?.info, isExcluded?.info);
      // It is still pending, so nothing in it was selected. It is the last one, because everything
      // below it is done.
      if (!taken && pending.length > 0 && pending[pending.length - 1]?.relative === childRelative) pending.pop();
    });
  };
  walk(directory, "", undefined, undefined);
}
