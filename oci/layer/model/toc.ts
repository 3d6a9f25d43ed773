import type { Digest } from "../../../core/digest.js";
import type { Xattrs, NodeMeta } from "../../../core/file-node.js";

/**
 * One entry of a layer's TOC. Paths occur once; a path and its whiteout do not both occur. The root
 * (`""`) occurs when the layer gives it metadata or makes it opaque.
 */
export interface TocEntry extends NodeMeta {
  /** sha256 of a file's content; files only. Hard links carry it too. */
  readonly digest?: Digest;
  /** Target of a hard link: the path in the same layer whose content and metadata it shares. */
  readonly hardlink?: string;
  /** True for a directory that hides everything below it in lower layers (`.wh..wh..opq`). */
  readonly opaque?: boolean;
}

/** Entries of a TOC, which may be made again at each read: a large TOC is not kept as objects. */
export interface TocEntries extends Iterable<TocEntry> {
  readonly length: number;
}

/** Table of contents of one layer. Canonical order: code-unit order of paths with parents first. */
export interface Toc {
  readonly version: 1;
  readonly diffId: Digest;
  /** Bytes of the uncompressed tar. */
  readonly size: number;
  readonly entries: TocEntries;
  /** Paths that this layer deletes from those below (`.wh.NAME`). */
  readonly whiteouts: readonly string[];
}

/** Place of a file's bytes. The process that packs must be able to read `path`. */
export type ContentSource =
  | { readonly kind: "path"; readonly path: string }
  /** A part of a file: as many bytes as the entry has, from `start` on. */
  | { readonly kind: "part"; readonly path: string; readonly start: number }
  | { readonly kind: "bytes"; readonly data: Uint8Array }
  /** A file of an existing layer. `path` is inside that layer (hard links already resolved). */
  | { readonly kind: "layer"; readonly layer: string; readonly path: string };

/**
 * Digests of files in the order in which they were asked for. A large tree makes each when it is
 * read.
 */
export interface DigestList {
  readonly length: number;
  at(index: number): Digest | undefined;
  /** Returns the digests from one index up to another, which are made at once. */
  slice(start?: number, end?: number): readonly Digest[];
}

/**
 * A tree of files that can be read without unpacking it: a merged stack of TOCs, or a local
 * context. Paths are as in {@link NodeMeta}. No method follows symlinks; {@link ./resolve.ts} does,
 * on any tree.
 */
export interface FileTree {
  lookup(path: string): NodeMeta | undefined;
  /** Returns the names in a directory, in code-unit order; none for anything else. */
  children(path: string): readonly string[];
  /** Calls `visit` for each node of {@link children}, where that is faster than asking for each. */
  visitNodes?(path: string, visit: (node: NodeMeta) => void): void;
  /**
   * Returns sha256 of each file's content, in the same order. Hashes files without a known digest.
   * Throws when a file changes while it is read.
   */
  digests(paths: readonly string[], signal?: AbortSignal): Promise<DigestList>;
  content(path: string): ContentSource;
  /** True when no {@link content} is a file of a layer. */
  readonly located?: boolean;
  /**
   * Attributes of files that {@link digests} found beside their content, by path. {@link lookup}
   * returns them from then on.
   */
  readonly found?: ReadonlyMap<string, Xattrs>;
  /**
   * Returns the paths (in the tree) of the same file as `path`, itself included, when it has
   * several names.
   */
  linksOf?(path: string): readonly string[] | undefined;
}

/** A node of a new layer, with the place of its content (files only). */
export interface PackEntry extends NodeMeta {
  readonly source?: ContentSource;
  /** Known digest, which is checked while packing instead of computed. */
  readonly digest?: Digest;
  readonly hardlink?: string;
  readonly opaque?: boolean;
}

/** Entries of a plan, which may be made again at each read, and then are equal each time. */
export interface PackEntries extends Iterable<PackEntry> {
  readonly length: number;
  /** True for entries in canonical order, none of them a hard link: nobody looks at them first. */
  readonly ordered?: boolean;
  /** True when no content is a file of a layer: nobody has to look for places of contents. */
  readonly located?: boolean;
}

/**
 * Content of a new layer. Entries may come in any order; the packer sorts them into canonical
 * order.
 */
export interface PackPlan {
  readonly entries: PackEntries;
  readonly whiteouts?: readonly string[];
}

/**
 * A plan in the form that is sent to another thread or process: its steps in order, in pieces that
 * are read one after the other. Note that we send no plan as objects, because the receiver would
 * hold all of them until the layer is written.
 */
export interface PackedPlan {
  /** The reader takes them out, so that what was read is freed. */
  readonly pieces: Uint8Array[];
}

/** Result of packing, diffing or scanning a layer. */
export interface LayerBlob {
  readonly diffId: Digest;
  /** Digest of the compressed form; `size` has its bytes. */
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  readonly toc: Toc;
}
