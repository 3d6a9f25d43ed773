import type { Digest } from "../../../core/digest.js";
import { compareCodeUnits } from "../../../core/canonical.js";
import { joinPath, splitPath } from "./path-order.js";
import { DigestColumn } from "./digest-column.js";
import { columnsOf, entriesWithoutDigests, type TocColumns } from "./toc-columns.js";
import { SharedNames } from "./shared-names.js";
import type { ContentSource, FileTree, Toc, TocEntry } from "./toc.js";
import type { NodeMeta } from "../../../core/file-node.js";

/** A layer of a stack: its TOC, and its name in {@link RootfsView.content}. */
export interface ViewLayer {
  readonly layer: string;
  readonly toc: Toc;
}

/** A directory without an entry but with children, as unpacking makes it. */
export const IMPLIED_DIRECTORY = { type: "dir", mode: 0o755, uid: 0, gid: 0, size: 0, mtime: { sec: 0, nsec: 0 } } as const;

interface Node {
  /**
   * Metadata without members that concern its own layer only: opaqueness, and the target of a hard
   * link.
   */
  readonly meta: NodeMeta;
  /** Layer that listed the node last; undefined for an implied directory. */
  readonly layer: LayerFiles | undefined;
  /** Number of a file among those of its layer. */
  readonly file: number;
  /** Path under which its layer has the content of a file. */
  readonly contentPath: string;
  /** Paths of the layer that are one file, when there are several. */
  readonly links: readonly string[] | undefined;
  /** Children of a directory. Older views share them until this view's generation changes them. */
  children: SharedNames<Node> | undefined;
  generation: number;
  sorted: readonly string[] | undefined;
}

/** A layer as its nodes refer to it. */
interface LayerFiles {
  readonly id: string;
  /** Digests of its files. */
  readonly digests: DigestColumn;
}

let generations = 0;

/**
 * Root file system of a stack of layers as a container sees it, computed from tables of contents
 * alone. A view never changes. {@link with} returns a view with one more layer that shares
 * untouched parts, so that a long build pays for each layer once.
 */
export class RootfsView implements FileTree {
  readonly #root: Node;

  /** `layers` are ordered bottom first. */
  constructor(layers: readonly ViewLayer[], base?: RootfsView) {
    const generation = ++generations;
    let root = base ? own(base.#root, generation) : directory({ path: "", ...IMPLIED_DIRECTORY }, undefined, generation);
    for (const layer of layers) root = addLayer(root, layer, generation);
    this.#root = root;
  }

  /** Returns this stack with one more layer on top. */
  with(layer: ViewLayer): RootfsView {
    return new RootfsView([layer], this);
  }

  lookup(path: string): NodeMeta | undefined {
    return this.#find(path)?.meta;
  }

  children(path: string): readonly string[] {
    const node = this.#find(path);
    if (!node?.children) return [];
    node.sorted ??= node.children.names().toSorted(compareCodeUnits);
    return node.sorted;
  }

  async digests(paths: readonly string[]): Promise<readonly Digest[]> {
    return paths.map((path) => {
      const node = this.#find(path);
      const digest = node && node.meta.type === "file" ? node.layer?.digests.get(node.file) : undefined;
      if (digest === undefined) throw new Error(`internal: "${path}" is no file of the root filesystem`);
      return digest;
    });
  }

  content(path: string): ContentSource {
    const node = this.#find(path);
    if (node?.layer === undefined || node.meta.type !== "file") throw new Error(`internal: "${path}" is no file of the root filesystem`);
    return { kind: "layer", layer: node.layer.id, path: node.contentPath };
  }

  linksOf(path: string): readonly string[] | undefined {
    const node = this.#find(path);
    if (!node?.links) return undefined;
    const visible = node.links.filter((link) => this.#find(link)?.links === node.links);
    return visible.length > 1 ? visible : undefined;
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    if (path === "") return node;
    for (let start = 0; node; ) {
      const slash = path.indexOf("/", start);
      if (slash === -1) return node.children?.get(path.slice(start));
      node = node.children?.get(path.slice(start, slash));
      start = slash + 1;
    }
    return undefined;
  }
}

function addLayer(oldRoot: Node, { layer: id, toc }: ViewLayer, generation: number): Node {
  const columns = columnsOf(toc.entries);
  const layer: LayerFiles = { id, digests: new DigestColumn(columns.digests) };
  let files = 0;
  let root = oldRoot;
  // Directories of this generation by path. They are forgotten when one of them is replaced.
  const open = new Map<string, Node>([["", root]]);

  /** Returns the directory at `path`, ready to be changed; makes a missing one. */
  const directoryAt = (path: string): Node => {
    const known = open.get(path);
    if (known) return known;
    const [parentPath, name] = splitPath(path);
    const parent = directoryAt(parentPath);
    const found = childrenOf(parent).get(name);
    const node = found?.children ? own(found, generation) : directory({ path, ...IMPLIED_DIRECTORY }, undefined, generation);
    put(parent, name, node);
    open.set(path, node);
    return node;
  };

  for (const path of toc.whiteouts) {
    const [parentPath, name] = splitPath(path);
    const parent = directoryAt(parentPath);
    if (childrenOf(parent).delete(name)) parent.sorted = undefined;
    open.clear();
    open.set("", root);
  }
  const links = linkGroups(columns);
  for (const entry of entriesWithoutDigests(columns)) {
    const file = entry.type === "file" ? files++ : 0;
    const isDirectory = entry.type === "dir";
    if (entry.path === "") {
      root = { ...root, meta: standing(entry), layer, ...(entry.opaque ? { children: new SharedNames(), sorted: undefined } : {}) };
      open.clear();
      open.set("", root);
      continue;
    }
    const [parentPath, name] = splitPath(entry.path);
    const parent = directoryAt(parentPath);
    if (!isDirectory) {
      put(parent, name, leaf(entry, { layer, file, links: links?.get(entry.hardlink ?? entry.path), generation }));
      continue;
    }
    const below = entry.opaque ? undefined : childrenOf(parent).get(name)?.children;
    const node = directory(entry, layer, generation, below?.extended());
    put(parent, name, node);
    open.set(entry.path, node);
  }
  return root;
}

/** Returns groups of paths that are one file, by the path that the others link to. */
function linkGroups(columns: TocColumns): ReadonlyMap<string, readonly string[]> | undefined {
  if (Object.values(columns.rare).every(({ hardlink }) => hardlink === undefined)) return undefined;
  const groups = new Map<string, string[]>();
  for (const { path, hardlink } of entriesWithoutDigests(columns)) {
    if (hardlink === undefined) continue;
    const group = groups.get(hardlink);
    if (group) group.push(path);
    else groups.set(hardlink, [hardlink, path]);
  }
  return groups;
}

function put(parent: Node, name: string, node: Node): void {
  childrenOf(parent).set(name, node);
  parent.sorted = undefined;
}

function childrenOf(node: Node): SharedNames<Node> {
  if (!node.children) throw new Error(`internal: "${joinPath(node.meta.path, "")}" is no directory`);
  return node.children;
}

/** Returns `node` itself when this generation made it, else a copy that may be changed. */
function own(node: Node, generation: number): Node {
  if (node.generation === generation) return node;
  return { ...node, children: node.children?.extended(), generation };
}

function directory(entry: TocEntry, layer: LayerFiles | undefined, generation: number, children = new SharedNames<Node>()): Node {
  return { meta: standing(entry), layer, file: 0, contentPath: entry.path, links: undefined, children, generation, sorted: undefined };
}

function leaf(
  entry: TocEntry,
  { layer, file, links, generation }: Pick<Node, "file" | "links" | "generation"> & { readonly layer: LayerFiles },
): Node {
  const contentPath = entry.hardlink ?? entry.path;
  return { meta: standing(entry), layer, file, contentPath, links, children: undefined, generation, sorted: undefined };
}

/**
 * Returns the members of an entry that hold in any layer. A node of the view that is written to a
 * new layer has these.
 */
function standing(entry: TocEntry): Node["meta"] {
  // Nearly all entries have no others.
  if (entry.opaque === undefined && entry.hardlink === undefined) return entry;
  const { opaque: _opaque, hardlink: _hardlink, ...meta } = entry;
  return meta;
}
