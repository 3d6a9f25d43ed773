import { PatternMatcher, type MatchInfo } from "../../core/text/pattern-matcher.js";
import { resolvePath } from "../../oci/layer/model/resolve.js";
import type { FileTree } from "../../oci/layer/model/toc.js";
import type { NodeMeta } from "../../core/file-node.js";
import { compileComponent, splitWildcards } from "../ops/file/glob.js";
import { childrenOf, NodeHashes, Unhashable } from "./content-hash.js";
import { type ContentSelector, digestOf } from "./key-vertex.js";

interface ContentDigestOptions {
  /** True when the tree is a directory of a machine, as opposed to layers. */
  readonly local: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Returns the digest of an operation's selection from a tree, as BuildKit puts it into keys: over
 * that of each selector. Returns undefined when there is none, or when BuildKit's digest would not
 * distinguish the content from another.
 */
export async function contentDigest(
  tree: FileTree,
  selectors: readonly ContentSelector[],
  options: ContentDigestOptions,
): Promise<string | undefined> {
  const hashes = new NodeHashes(tree, options);
  try {
    const digests = selectors.map((selector) => selectorDigest(tree, selector, hashes));
    // A file that changed after our key was made of it must not stand for that key here.
    return (await hashes.isAsKnown()) ? digestOf(digests.join("\0")) : undefined;
  } catch (error) {
    if (error instanceof Unhashable) return undefined;
    throw error;
  }
}

function selectorDigest(tree: FileTree, selector: ContentSelector, hashes: NodeHashes): string {
  const { path, wildcard, followLinks, include, exclude } = selector;
  if (!wildcard && include.length === 0 && exclude.length === 0) return pathDigest(tree, path, followLinks, hashes);
  const taken = [...takenPaths(tree, selector, hashes)].map((entry) =>
    followLinks && entry.isTopLink ? { ...entry, digest: pathDigest(tree, entry.path, true, hashes) } : entry,
  );
  const [only] = taken;
  if (!only) return digestOf("");
  if (taken.length === 1 && lastName(only.path) === lastName(path)) return only.digest;
  return digestOf(taken.map((entry) => lastName(entry.path) + entry.digest).join("\0"));
}

function pathDigest(tree: FileTree, path: string, followLast: boolean, hashes: NodeHashes): string {
  const resolved = resolvePath(tree, path, { followLast });
  if (!resolved.node) throw new Unhashable();
  return hashes.subtree(resolved.path, resolved.node);
}

interface Taken {
  /** Absolute path as the selector writes it. */
  readonly path: string;
  readonly digest: string;
  /**
   * True for a symlink outside of any selected directory: COPY follows it, when it follows links.
   */
  readonly isTopLink: boolean;
}

/** A directory above selected paths, which is selected when something in it is. */
interface Parent {
  readonly path: string;
  readonly digest: string;
  taken: boolean;
  readonly included: MatchInfo | undefined;
  readonly excluded: MatchInfo | undefined;
}

/**
 * Yields files, and headers of directories, that wildcards and patterns select, in the order of a
 * walk.
 */
function* takenPaths(tree: FileTree, selector: ContentSelector, hashes: NodeHashes): Generator<Taken> {
  const { prefix, patterns } = selector.wildcard ? splitWildcards(selector.path) : { prefix: selector.path.slice(1), patterns: [] };
  const start = resolvePath(tree, prefix);
  if (!start.node) return;
  const walk = new PatternWalk({ tree, selector, hashes });
  const origin = prefix === "" ? "" : `/${prefix}`;
  if (patterns.length === 0) yield* walk.below(start.path, origin, start.node, origin, []);
  else yield* walk.matching(start.path, origin, patterns.map(compileComponent));
}

interface PatternWalkOptions {
  readonly tree: FileTree;
  readonly selector: ContentSelector;
  readonly hashes: NodeHashes;
}

class PatternWalk {
  readonly #tree: FileTree;
  readonly #hashes: NodeHashes;
  readonly #include: PatternMatcher | undefined;
  readonly #exclude: PatternMatcher | undefined;

  constructor({ tree, selector: { include, exclude }, hashes }: PatternWalkOptions) {
    this.#tree = tree;
    this.#hashes = hashes;
    this.#include = include.length === 0 ? undefined : new PatternMatcher(include);
    this.#exclude = exclude.length === 0 ? undefined : new PatternMatcher(exclude);
  }

  /** Yields the paths that match the components, one level each, and everything below them. */
  *matching(directory: string, written: string, patterns: readonly ((name: string) => boolean)[]): Generator<Taken> {
    const [matches, ...rest] = patterns;
    for (const { name, path, node } of childrenOf(this.#tree, directory)) {
      if (!matches?.(name)) continue;
      const at = `${written}/${name}`;
      if (rest.length === 0) yield* this.below(path, at, node, at, []);
      else if (node.type === "dir") yield* this.matching(path, at, rest);
    }
  }

  /** Yields the paths below a directory. `root` is the path that patterns are relative to. */
  *below(path: string, written: string, node: NodeMeta, root: string, parents: readonly Parent[]): Generator<Taken> {
    const parent = parents[parents.length - 1];
    const relative = written === root ? "" : written.slice(root.length + 1);
    const included = this.#include?.matchesUsingParent(relative, parent?.included);
    const excluded = included?.matched === false ? undefined : this.#exclude?.matchesUsingParent(relative, parent?.excluded);
    // A directory with a trailing slash in the selector is not part of its own content; only the
    // root has that form.
    const isRoot = written === "";
    const taken = (included?.matched ?? true) && !(excluded?.matched ?? false) && !isRoot;
    if (node.type !== "dir") {
      if (!taken) return;
      yield* takeParents(parents);
      yield { path: written, digest: this.#hashes.leaf(path, node), isTopLink: node.type === "symlink" && parents.length === 0 };
      return;
    }
    const own: Parent = {
      path: written,
      digest: this.#hashes.header(path, node),
      taken: isRoot,
      included: included?.info,
      excluded: excluded?.info,
    };
    if (taken) {
      yield* takeParents([...parents, own]);
    }
    for (const child of childrenOf(this.#tree, path)) {
      yield* this.below(child.path, `${written}/${child.name}`, child.node, root, isRoot ? parents : [...parents, own]);
    }
  }
}

function* takeParents(parents: readonly Parent[]): Generator<Taken> {
  for (const parent of parents) {
    if (parent.taken) continue;
    parent.taken = true;
    yield { path: parent.path, digest: parent.digest, isTopLink: false };
  }
}

/** Returns the last name as Go's `path.Base` does. */
function lastName(path: string): string {
  const clean = path.replace(/\/+$/, "");
  return clean === "" ? (path === "" ? "." : "/") : clean.slice(clean.lastIndexOf("/") + 1);
}
