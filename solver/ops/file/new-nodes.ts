import type { NodeMeta, NodeType, Xattrs } from "../../../core/file-node.js";
import { comparePaths } from "../../../oci/layer/model/path-order.js";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import type { NewContent, TreeContent } from "./new-content.js";
import type { LinkGroup } from "./plan-entries.js";

export interface NewNode {
  readonly meta: NodeMeta;
  readonly content: NewContent | undefined;
  readonly group: LinkGroup | undefined;
}

/** Fields that few nodes have. */
type Rare = Pick<NodeMeta, "link" | "xattrs" | "device"> & { readonly group: LinkGroup | undefined };

const TYPES: readonly NodeType[] = ["file", "dir", "symlink", "char", "block", "fifo"];

/** Words of a row: type, mode, uid, gid, nanoseconds. */
const WORDS = 5;
/** Doubles of a row: size, seconds. */
const DOUBLES = 2;

/**
 * Files of another tree whose paths differ from those of their nodes in the beginning alone, as
 * with all files of one COPY.
 */
class Origin {
  readonly tree: FileTree;
  /** Beginning of the paths in {@link tree}. */
  readonly #there: string;
  /** Beginning of the nodes' paths. */
  readonly #here: string;

  /** Takes a file's content, and the path of its node. */
  constructor({ tree, path: there }: TreeContent, here: string) {
    const end = commonEnd(there, here);
    this.tree = tree;
    this.#there = there.slice(0, there.length - end);
    this.#here = here.slice(0, here.length - end);
  }

  /** Returns true for a file whose path differs from that of its node in the same way. */
  holds({ tree, path: there }: TreeContent, here: string): boolean {
    return (
      tree === this.tree &&
      there.startsWith(this.#there) &&
      here.startsWith(this.#here) &&
      there.length - this.#there.length === here.length - this.#here.length &&
      there.endsWith(here.slice(this.#here.length))
    );
  }

  /** Returns the path in the tree of a node's content. */
  pathOf(here: string): string {
    return this.#there === this.#here ? here : this.#there + here.slice(this.#here.length);
  }
}

/**
 * The nodes of a new layer by path, as columns: some 150 bytes for each, half of them its path.
 * Note that we keep no objects of them, because a node with its times, its content and the
 * content's path takes 350 bytes, and a context may have any number of files.
 */
export class NewNodes {
  /** Rows by path, in the order of the nodes. */
  #rows = new Map<string, number>();
  #words = new Uint32Array(16 * WORDS);
  #doubles = new Float64Array(16 * DOUBLES);
  /** Content of each row. */
  readonly #contents: (Origin | Exclude<NewContent, TreeContent> | undefined)[] = [];
  readonly #rare = new Map<number, Rare>();
  #origin: Origin | undefined;

  get size(): number {
    return this.#rows.size;
  }

  /** Returns the same nodes, to be changed on their own. */
  clone(): NewNodes {
    const copy = new NewNodes();
    const groups = new Map<LinkGroup, LinkGroup>();
    for (const [path, row] of this.#rows) {
      let group = this.#rare.get(row)?.group;
      if (group) {
        const known = groups.get(group) ?? { members: new Set(group.members) };
        groups.set(group, known);
        group = known;
      }
      copy.set({ meta: this.#meta(path, row), content: this.#content(path, row), group });
    }
    return copy;
  }

  has(path: string): boolean {
    return this.#rows.has(path);
  }

  paths(): IterableIterator<string> {
    return this.#rows.keys();
  }

  meta(path: string): NodeMeta | undefined {
    const row = this.#rows.get(path);
    return row === undefined ? undefined : this.#meta(path, row);
  }

  type(path: string): NodeType | undefined {
    const row = this.#rows.get(path);
    return row === undefined ? undefined : TYPES[this.#words[row * WORDS] as number];
  }

  content(path: string): NewContent | undefined {
    const row = this.#rows.get(path);
    return row === undefined ? undefined : this.#content(path, row);
  }

  group(path: string): LinkGroup | undefined {
    if (this.#rare.size === 0) return undefined;
    const row = this.#rows.get(path);
    return row === undefined ? undefined : this.#rare.get(row)?.group;
  }

  /** Sets a node, in the place of the one with its path, or behind all others. */
  set({ meta, content, group }: NewNode): void {
    const { path, type, mode, uid, gid, size, mtime, link, xattrs, device } = meta;
    let row = this.#rows.get(path);
    if (row === undefined) {
      row = this.#contents.length;
      this.#rows.set(path, row);
    }
    this.#grow(row + 1);
    const word = row * WORDS;
    this.#words[word] = TYPES.indexOf(type);
    this.#words[word + 1] = mode;
    this.#words[word + 2] = uid;
    this.#words[word + 3] = gid;
    this.#words[word + 4] = mtime.nsec;
    this.#doubles[row * DOUBLES] = size;
    this.#doubles[row * DOUBLES + 1] = mtime.sec;
    this.#contents[row] = content?.kind === "tree" ? this.#originOf(content, path) : content;
    if (link !== undefined || xattrs || device || group) {
      this.#rare.set(row, {
        ...(link === undefined ? {} : { link }),
        ...(xattrs ? { xattrs } : {}),
        ...(device ? { device } : {}),
        group,
      });
    } else if (this.#rare.size > 0) this.#rare.delete(row);
  }

  /** Adds attributes to a node. */
  setXattrs(path: string, xattrs: Xattrs): void {
    const row = this.#rows.get(path) as number;
    this.#rare.set(row, { group: undefined, ...this.#rare.get(row), xattrs });
  }

  /** Removes a node. Note that its row stays empty, because few nodes are removed. */
  delete(path: string): void {
    const row = this.#rows.get(path);
    if (row === undefined) return;
    this.#rows.delete(path);
    this.#contents[row] = undefined;
    this.#rare.delete(row);
  }

  /** Brings the nodes into the order of layers. */
  sort(): void {
    let before = "";
    for (const path of this.#rows.keys()) {
      if (comparePaths(before, path) > 0) {
        const sorted = new Map<string, number>();
        for (const name of [...this.#rows.keys()].sort(comparePaths)) sorted.set(name, this.#rows.get(name) as number);
        this.#rows = sorted;
        return;
      }
      before = path;
    }
  }

  /** Yields the contents in the order of the nodes. */
  *contents(): Generator<NewContent, void> {
    for (const [path, row] of this.#rows) {
      const content = this.#content(path, row);
      if (content) yield content;
    }
  }

  /** Returns true when `holds` is true for the tree of each content that is in one. */
  everyTree(holds: (tree: FileTree) => boolean): boolean {
    let known: Origin | undefined;
    for (const content of this.#contents) {
      if (!(content instanceof Origin) || content === known) continue;
      if (!holds(content.tree)) return false;
      known = content;
    }
    return true;
  }

  /** Yields the nodes in order, each made for the caller. */
  *[Symbol.iterator](): Generator<NewNode, void> {
    for (const [path, row] of this.#rows)
      yield {
        meta: this.#meta(path, row),
        content: this.#content(path, row),
        group: this.#rare.size === 0 ? undefined : this.#rare.get(row)?.group,
      };
  }

  #meta(path: string, row: number): NodeMeta {
    const word = row * WORDS;
    const words = this.#words;
    const meta: NodeMeta = {
      path,
      type: TYPES[words[word] as number] as NodeType,
      mode: words[word + 1] as number,
      uid: words[word + 2] as number,
      gid: words[word + 3] as number,
      size: this.#doubles[row * DOUBLES] as number,
      mtime: { sec: this.#doubles[row * DOUBLES + 1] as number, nsec: words[word + 4] as number },
    };
    const rare = this.#rare.size === 0 ? undefined : this.#rare.get(row);
    if (!rare) return meta;
    const { group: _, ...fields } = rare;
    return { ...meta, ...fields };
  }

  #content(path: string, row: number): NewContent | undefined {
    const content = this.#contents[row];
    return content instanceof Origin ? { kind: "tree", tree: content.tree, path: content.pathOf(path) } : content;
  }

  #originOf(content: TreeContent, path: string): Origin {
    if (!this.#origin?.holds(content, path)) this.#origin = new Origin(content, path);
    return this.#origin;
  }

  #grow(rows: number): void {
    if (rows * WORDS <= this.#words.length) return;
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    const doubles = new Float64Array(this.#doubles.length * 2);
    doubles.set(this.#doubles);
    this.#doubles = doubles;
  }
}

/** Returns the length of the longest common end that begins at a name. */
function commonEnd(a: string, b: string): number {
  let end = 0;
  for (let length = 1; length <= Math.min(a.length, b.length); length++) {
    if (a[a.length - length] !== b[b.length - length]) break;
    const whole = length === a.length || a[a.length - length - 1] === "/";
    if (whole && (length === b.length || b[b.length - length - 1] === "/")) end = length;
  }
  return end;
}
