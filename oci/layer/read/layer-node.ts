import type { DigestColumn } from "../model/digest-column.js";
import type { NodeMeta } from "../../../core/file-node.js";
import type { Digest } from "../../../core/digest.js";

/** Data that several names can share: everything but a directory. */
export interface Inode {
  /** Metadata, which a later hard link may change. */
  meta: Omit<NodeMeta, "path">;
  /**
   * Position of the entry that brought it, from 0. The position identifies contents when the layer
   * is read again.
   */
  readonly ordinal: number;
  /** Digest of a file, set when its content was read. */
  digest: Digest | undefined;
}

/** Keeps its digest in a column. */
export class TreeInode implements Inode {
  meta: Inode["meta"];
  readonly ordinal: number;
  readonly #digests: DigestColumn;

  constructor({ meta, ordinal, digests }: Pick<Inode, "meta" | "ordinal"> & { readonly digests: DigestColumn }) {
    this.meta = meta;
    this.ordinal = ordinal;
    this.#digests = digests;
  }

  get digest(): Digest | undefined {
    return this.#digests.get(this.ordinal);
  }

  set digest(digest: Digest) {
    this.#digests.set(this.ordinal, digest);
  }
}

export interface Directory {
  readonly kind: "dir";
  readonly path: string;
  /** Undefined when only entries below mention the directory. */
  meta: Omit<NodeMeta, "path"> | undefined;
  opaque: boolean;
  /**
   * True when the directory or one above it is opaque: no path of lower layers can be deleted
   * there.
   */
  covered: boolean;
  readonly children: Map<string, LayerNode>;
}

export type LayerNode = Directory | { readonly kind: "leaf"; readonly inode: Inode } | { readonly kind: "whiteout" };

/**
 * Decides how a path goes on at a name that is no directory: in a directory, by the text of a link,
 * or not at all.
 */
export type Beyond = (at: Directory, name: string, child: LayerNode | undefined) => Directory | string | undefined;

/**
 * Returns the directory at the end of a path; `..` stops at the root. Returns undefined where
 * `beyond` does.
 */
export function walk(root: Directory, path: string, beyond: Beyond): Directory | undefined {
  const trail: Directory[] = [root];
  const todo = path.split("/").reverse();
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (trail.length > 1) trail.pop();
      continue;
    }
    const at = trail.at(-1) as Directory;
    const child = at.children.get(name);
    const next = child?.kind === "dir" ? child : beyond(at, name, child);
    if (next === undefined) return undefined;
    if (typeof next !== "string") {
      trail.push(next);
      continue;
    }
    if (next.startsWith("/")) trail.length = 1;
    todo.push(...next.split("/").reverse());
  }
  return trail.at(-1);
}
