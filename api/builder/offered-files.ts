import type { OfferedDirectories, OfferedFile, FilesRequest } from "../../solver/buildkit/transfer/sync-files.js";
import type { NodeMeta } from "../../core/file-node.js";
import { readGlob } from "../../core/text/glob.js";
import { type MatchInfo, PatternMatcher } from "../../core/text/pattern-matcher.js";
import { compileWildcards } from "../../core/text/wildcards.js";
import type { FileTree } from "../../oci/layer/model/toc.js";
import { joinPath, sortByBytes, splitPath } from "../../oci/layer/model/path-order.js";
import { resolvePath } from "../../oci/layer/model/resolve.js";
import { PatternReach } from "../../solver/ops/local/pattern-reach.js";
import { pathNotText } from "./errors.js";

/** A directory that a graph reads, by the name that it has on the wire. */
export interface NamedDirectory {
  readonly name: string;
  /** Patterns that the graph has for it. */
  readonly excludePatterns: readonly string[];
  /** Returns the files without those that the patterns exclude. */
  tree(): FileTree;
}

/**
 * Offers the directories of a graph. Note that we apply the ignore patterns ourselves, because a
 * builder that leaves them out would get what they hide: a request with other patterns than the
 * graph's is refused.
 */
export function offeredDirectories(directories: readonly NamedDirectory[]): OfferedDirectories {
  return {
    list(request) {
      const same = (patterns: readonly string[]): boolean => JSON.stringify(patterns) === JSON.stringify(request.excludePatterns);
      const found = directories.find(({ name, excludePatterns }) => name === request.name && same(excludePatterns));
      return found && listFiles(found.tree(), request);
    },
  };
}

/** Yields the files of a tree that are asked for, parents first. */
function* listFiles(
  tree: FileTree,
  { includePatterns, followPaths }: Pick<FilesRequest, "includePatterns" | "followPaths">,
): Generator<OfferedFile, void> {
  const wanted = followPaths.length === 0 ? undefined : followed(tree, followPaths);
  yield* new Walk(tree, { wanted, include: includePatterns }).files("", undefined);
}

/** Yields all files of a tree, parents first. */
export function filesOf(tree: FileTree): Iterable<OfferedFile> {
  return listFiles(tree, { includePatterns: [], followPaths: [] });
}

class Walk {
  readonly #tree: FileTree;
  /** Paths that are wanted with all below them; undefined for everything. */
  readonly #wanted: ReadonlySet<string> | undefined;
  /** Directories above them. */
  readonly #above = new Set<string>();
  readonly #include: PatternMatcher | undefined;
  readonly #reach: PatternReach;
  /** First offered name of each file that has several. */
  readonly #links = new Map<string, string>();

  constructor(
    tree: FileTree,
    { wanted, include }: { readonly wanted: ReadonlySet<string> | undefined; readonly include: readonly string[] },
  ) {
    this.#tree = tree;
    this.#wanted = wanted?.has("") ? undefined : wanted;
    for (const path of this.#wanted ?? []) for (let at = splitPath(path)[0]; at !== ""; at = splitPath(at)[0]) this.#above.add(at);
    this.#include = include.length === 0 ? undefined : new PatternMatcher(include);
    this.#reach = new PatternReach(include);
  }

  *files(directory: string, parent: MatchInfo | undefined, inside = this.#wanted === undefined): Generator<OfferedFile, void> {
    for (const node of inside ? nodesOf(this.#tree, directory) : this.#someNodes(directory)) {
      const { path } = node;
      const wanted = inside || this.#wanted?.has(path) === true;
      if (!path.isWellFormed()) throw pathNotText(path);
      const { matched, info } = this.#include ? this.#include.matchesUsingParent(path, parent) : { matched: true, info: undefined };
      if (node.type !== "dir") {
        if (matched && wanted) yield node.type === "file" ? this.#file(node) : node;
        continue;
      }
      const below = matched || this.#reach.into(path) ? this.files(path, info, wanted) : undefined;
      const first = below?.next();
      // A directory that is not asked for itself is there for what is in it.
      if ((matched && wanted) || first?.done === false) yield node;
      if (first?.done === false) {
        yield first.value;
        yield* below as Generator<OfferedFile, void>;
      }
    }
  }

  /** Returns the nodes of a directory that are wanted, or above one that is. */
  #someNodes(directory: string): readonly NodeMeta[] {
    return byBytes(this.#tree.children(directory)).flatMap((name) => {
      const path = joinPath(directory, name);
      return this.#wanted?.has(path) === true || this.#above.has(path) ? (this.#tree.lookup(path) ?? []) : [];
    });
  }

  #file(node: NodeMeta): OfferedFile {
    const names = this.#tree.linksOf?.(node.path);
    const first = names?.[0];
    const before = first === undefined ? undefined : this.#links.get(first);
    if (before !== undefined) return { ...node, hardlink: before };
    if (first !== undefined) this.#links.set(first, node.path);
    const content = this.#tree.content(node.path);
    if (content.kind !== "path") throw new Error(`internal: ${node.path} is no file of this machine`);
    return { ...node, content: content.path };
  }
}

/** Returns the nodes of a directory, names in the order of their bytes. */
function nodesOf(tree: FileTree, directory: string): readonly NodeMeta[] {
  if (!tree.visitNodes) return byBytes(tree.children(directory)).flatMap((name) => tree.lookup(joinPath(directory, name)) ?? []);
  const nodes: NodeMeta[] = [];
  tree.visitNodes(directory, (node) => nodes.push(node));
  return sortByBytes(nodes, ({ path }) => path);
}

function byBytes(names: readonly string[]): readonly string[] {
  return sortByBytes(names, (name) => name);
}

/**
 * Returns paths with the links on the way to them, and with what these lead to. `""` is everything.
 */
function followed(tree: FileTree, paths: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const path of paths) {
    for (const expanded of expand(
      tree,
      path.split("/").filter((part) => part !== "" && part !== "."),
    )) {
      const { path: end, links } = resolvePath(tree, expanded);
      for (const link of [...links, end]) found.add(link);
    }
  }
  return found;
}

/** Returns the paths that a pattern names. Wildcards stay in one directory each. */
function expand(tree: FileTree, parts: readonly string[]): readonly string[] {
  let paths = [""];
  for (const part of parts) {
    const glob = /[*?[\\]/.test(part) ? readGlob(part) : undefined;
    if (part.includes("**")) return [""];
    const matches = glob && compileWildcards(glob);
    paths = paths.flatMap((path) => {
      if (!matches) return [joinPath(path, part)];
      const directory = resolvePath(tree, path).path;
      return tree
        .children(directory)
        .filter(matches)
        .map((name) => joinPath(path, name));
    });
  }
  return paths;
}
