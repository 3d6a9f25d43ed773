import type { Digest } from "../../../core/digest.js";
import type { ContentSource, DigestList, FileTree, PackEntries, PackEntry, PackPlan } from "../../../oci/layer/model/toc.js";
import { isSameNode, type NodeMeta } from "../../../core/file-node.js";
import { addNames } from "./directory-names.js";
import { HiddenPaths } from "./hidden-paths.js";
import { type DigestAt, digestsOf, foundWith, type NewContent, sourceOf } from "./new-content.js";
import { NewNodes } from "./new-nodes.js";
import { fileEntry, type LinkGroup, primaryOf } from "./plan-entries.js";

/**
 * Changes over an unchanged tree. The builder is a tree itself, so that later actions see the
 * results of earlier ones. At the end it makes the plan of the layer with the difference. Callers
 * keep the tree sound (parents exist and are directories).
 */
export class TreeBuilder implements FileTree {
  readonly #base: FileTree | undefined;
  #nodes = new NewNodes();
  /**
   * Names by directory: of {@link #nodes}, and of directories of the base above them. Undefined
   * until somebody lists or removes a directory, which the entries of an archive seldom need.
   */
  #names: Map<string, Set<string>> | undefined;
  /** Paths of the base that are gone. */
  readonly #hidden = new HiddenPaths();

  constructor(base: FileTree | undefined) {
    this.#base = base;
  }

  /** Returns the same state, to be changed on its own. */
  clone(): TreeBuilder {
    const copy = new TreeBuilder(this.#base);
    copy.#nodes = this.#nodes.clone();
    for (const path of this.#hidden.paths()) copy.#hidden.add(path);
    return copy;
  }

  lookup(path: string): NodeMeta | undefined {
    const meta = this.#nodes.meta(path);
    if (meta) return meta;
    if (this.#base === undefined) return path === "" ? EMPTY_ROOT : undefined;
    return this.#hidden.covers(path) ? undefined : this.#base.lookup(path);
  }

  children(path: string): readonly string[] {
    const added = this.#namesNow().get(path);
    const below = this.#base === undefined || this.#hidden.covers(path) ? [] : this.#base.children(path);
    if (!added && this.#hidden.isEmpty) return below;
    const prefix = path === "" ? "" : `${path}/`;
    const names = new Set(below.filter((name) => !this.#hidden.has(prefix + name)));
    for (const name of added ?? []) names.add(name);
    return [...names].sort();
  }

  content(path: string): ContentSource {
    if (!this.#nodes.has(path)) return (this.#base as FileTree).content(path);
    return sourceOf(this.#nodes.content(path));
  }

  linksOf(path: string): readonly string[] | undefined {
    if (this.#nodes.has(path)) {
      const group = this.#nodes.group(path);
      return group && group.members.size > 1 ? [...group.members] : undefined;
    }
    return this.#base?.linksOf?.(path)?.filter((name) => !this.#nodes.has(name) && !this.#hidden.covers(name));
  }

  async digests(paths: readonly string[], signal?: AbortSignal): Promise<DigestList> {
    const contents = paths.map((path): NewContent => this.#nodes.content(path) ?? { kind: "tree", tree: this.#base as FileTree, path });
    const digestAt = await digestsOf(contents, signal);
    return contents.map((_, index) => digestAt(index));
  }

  /** Puts a node in place of any with its path. A directory keeps its entries. */
  put(meta: NodeMeta, content?: NewContent, group?: LinkGroup): void {
    const { path } = meta;
    this.#nodes.group(path)?.members.delete(path);
    group?.members.add(path);
    this.#nodes.set({ meta, content, group });
    if (this.#names) addNames(this.#names, path);
  }

  #namesNow(): Map<string, Set<string>> {
    if (this.#names) return this.#names;
    this.#names = new Map();
    for (const path of this.#nodes.paths()) addNames(this.#names, path);
    return this.#names;
  }

  /** Changes metadata of an existing node. All names of a new file change with it. */
  setMeta(path: string, change: Partial<Pick<NodeMeta, "mode" | "uid" | "gid" | "mtime" | "xattrs">>): void {
    for (const member of this.#nodes.group(path)?.members ?? [path]) {
      const meta = this.#nodes.meta(member);
      if (meta) this.#nodes.set({ meta: { ...meta, ...change }, content: this.#nodes.content(member), group: this.#nodes.group(member) });
      else if (member === path) this.#adopt(path, change);
    }
  }

  /**
   * Returns the group of a file's names, for one more hard link to it. A file of the base becomes
   * one of the new layer.
   */
  linkGroup(path: string): LinkGroup {
    const known = this.#nodes.group(path);
    if (known) return known;
    const meta = this.lookup(path);
    if (!meta) throw new Error(`internal: hard link to "${path}", which is not there`);
    const group: LinkGroup = { members: new Set() };
    const content: NewContent | undefined =
      meta.type === "file" ? (this.#nodes.content(path) ?? { kind: "tree", tree: this.#base as FileTree, path }) : undefined;
    this.put(meta, content, group);
    return group;
  }

  /** Returns the content of a file, for another name of it. */
  contentOf(path: string): NewContent | undefined {
    return this.#nodes.content(path);
  }

  /** Removes a path with everything below. */
  remove(path: string): void {
    this.#forget(path);
    if (!this.#hidden.covers(path) && this.#base?.lookup(path)) this.#hidden.add(path);
  }

  /**
   * Returns the layer that makes the base into this tree. Directories above a change are in it with
   * their own metadata, as in layers of an overlay filesystem, so that each layer can be unpacked
   * alone.
   */
  async plan(signal?: AbortSignal): Promise<PackPlan> {
    // Note that we sort paths here, because the packer would have to hold every entry of a plan to
    // sort it.
    this.#nodes.sort();
    const digestAt = await digestsOf(this.#nodes.contents(), signal);
    this.#takeFound();
    const same = await this.#unchanged(digestAt, signal);
    const whiteouts = this.#hidden
      .topmost()
      .filter((path) => !this.#nodes.has(path))
      .sort();
    const { length, links } = this.#count(same, whiteouts);
    const entries: PackEntries = {
      length,
      ordered: links === 0 && whiteouts.length === 0,
      located: this.#nodes.everyTree((tree) => tree.located === true),
      [Symbol.iterator]: () => this.#entries(digestAt, same, whiteouts),
    };
    return whiteouts.length === 0 ? { entries } : { entries, whiteouts };
  }

  /** Counts the entries of the plan, and the hard links among them. Makes no entry for it. */
  #count(same: ReadonlySet<string>, whiteouts: readonly string[]): { readonly length: number; readonly links: number } {
    const parents = new Set<string>();
    const primaries = new Map<LinkGroup, string>();
    let [length, links] = [0, 0];
    const countParents = (path: string): void => {
      for (const _ of this.#missingParents(path, parents)) length++;
    };
    for (const path of this.#nodes.paths()) {
      const group = this.#nodes.group(path);
      if (path === "" || same.has(path)) continue;
      countParents(path);
      length++;
      if (group && group.members.size > 1 && primaryOf(group, primaries) !== path) links++;
    }
    whiteouts.forEach(countParents);
    return { length, links };
  }

  /**
   * Yields the entries of the plan, each after the directories above it. Note that they are made
   * one by one, because a plan may have any number of them.
   */
  *#entries(digestAt: DigestAt, same: ReadonlySet<string>, whiteouts: readonly string[]): Generator<PackEntry, void> {
    const parents = new Set<string>();
    const primaries = new Map<LinkGroup, string>();
    let files = 0;
    for (const { meta, content, group } of this.#nodes) {
      const { path } = meta;
      const digest = content && digestAt(files++);
      if (path === "" || same.has(path)) continue;
      yield* this.#missingParents(path, parents);
      const primary = group && group.members.size > 1 ? primaryOf(group, primaries) : path;
      if (primary !== path) yield { ...meta, hardlink: primary, ...(digest === undefined ? {} : { digest }) };
      else if (content && digest !== undefined) yield fileEntry(meta, sourceOf(content), digest);
      else if (meta.type === "dir" && this.#hidden.isTopmost(path) && this.#base?.lookup(path)?.type === "dir")
        yield { ...meta, opaque: true };
      else yield meta;
    }
    for (const path of whiteouts) yield* this.#missingParents(path, parents);
  }

  /**
   * Returns the directories above a path that are only in the base, topmost first. `known` has
   * those of earlier paths.
   */
  #missingParents(path: string, known: Set<string>): Iterable<PackEntry> {
    const slash = path.lastIndexOf("/");
    if (slash <= 0) return [];
    const parent = path.slice(0, slash);
    if (known.has(parent)) return [];
    known.add(parent);
    return this.#missingDirectories(parent, known);
  }

  *#missingDirectories(path: string, known: Set<string>): Generator<PackEntry, void> {
    yield* this.#missingParents(path, known);
    if (this.#nodes.has(path)) return;
    const meta = this.lookup(path);
    if (!meta) throw new Error(`internal: a file was put below "${path}", where no directory is`);
    yield meta;
  }

  /** Completes new files with the attributes that came with their digests. */
  #takeFound(): void {
    if (this.#nodes.everyTree((tree) => (tree.found?.size ?? 0) === 0)) return;
    for (const { meta, content } of this.#nodes) {
      const xattrs = foundWith(content);
      if (xattrs) this.#nodes.setXattrs(meta.path, xattrs);
    }
  }

  /**
   * Returns the new files that equal files of the base: no layer holds them again. `digestAt` takes
   * the index of a new file.
   */
  async #unchanged(digestAt: DigestAt, signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
    const base = this.#base;
    const same = new Set<string>();
    if (!base) return same;
    const asked: { readonly path: string; readonly digest: Digest }[] = [];
    let files = 0;
    for (const { meta, content, group } of this.#nodes) {
      const { path } = meta;
      const digest = content && digestAt(files++);
      if (meta.type === "dir" || (group && group.members.size > 1) || this.#hidden.covers(path)) continue;
      const old = base.lookup(path);
      if (!old || !isSameNode(old, meta) || (base.linksOf?.(path)?.length ?? 0) > 1) continue;
      if (digest === undefined) same.add(path);
      else asked.push({ path, digest });
    }
    if (asked.length === 0) return same;
    const known = await base.digests(
      asked.map(({ path }) => path),
      signal,
    );
    for (const [index, { path, digest }] of asked.entries()) if (known.at(index) === digest) same.add(path);
    return same;
  }

  #adopt(path: string, change: Partial<NodeMeta>): void {
    const meta = this.lookup(path);
    if (!meta) throw new Error(`internal: "${path}" is not there`);
    this.put({ ...meta, ...change }, meta.type === "file" ? { kind: "tree", tree: this.#base as FileTree, path } : undefined);
  }

  #forget(path: string): void {
    const byDirectory = this.#namesNow();
    for (const name of byDirectory.get(path) ?? []) this.#forget(path === "" ? name : `${path}/${name}`);
    byDirectory.delete(path);
    this.#nodes.group(path)?.members.delete(path);
    this.#nodes.delete(path);
    const slash = path.lastIndexOf("/");
    byDirectory.get(slash === -1 ? "" : path.slice(0, slash))?.delete(path.slice(slash + 1));
  }
}

const EMPTY_ROOT: NodeMeta = { path: "", type: "dir", mode: 0o755, uid: 0, gid: 0, size: 0, mtime: { sec: 0, nsec: 0 } };
