import type { Digest } from "../../../core/digest.js";
import type { Xattrs, NodeMeta } from "../../../core/file-node.js";

/**
 * One entry of a layer's TOC. Paths occur once; a path and its whiteout do not both occur. The root (`""`) occurs when the layer gives it metadata or
 * makes it opaque.
 */
export interface TocEntry extends NodeMeta {
  /** sha256 of a file's content; files only. Hard links carry it too. */
  readonly digest?: Digest;
  /** A hard link: the path in the same layer that it shares its content with; its metadata is that path's. */
  readonly hardlink?: string;
  /** On a directory: everything below it in lower layers is hidden (`.wh..wh..opq`). */
  readonly opaque?: boolean;
}

/** Entries of a TOC, which may be made anew each time they are looked at: a large TOC is not held as objects. */
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

/** Where the bytes of a file are. `path` must be readable by the process that packs. */
export type ContentSource =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "bytes"; readonly data: Uint8Array }
  /** A file of an existing layer: `path` inside that layer (hard links already resolved). */
  | { readonly kind: "layer"; readonly layer: string; readonly path: string };

/**
 * A tree of files that can be looked into without unpacking or reading it: a merged stack of TOCs, or a local context.
 * Paths as in {@link NodeMeta}. No method follows symlinks except {@link ./resolve.ts}, which works on any tree.
 */
export interface FileTree {
  lookup(path: string): NodeMeta | undefined;
  /** Names in a directory, in code-unit order; empty for anything else. */
  children(path: string): readonly string[];
  /** sha256 of each file's content, in the order asked. Hashes what is not known yet. Throws when a file changes while it is read. */
  digests(paths: readonly string[], signal?: AbortSignal): Promise<readonly Digest[]>;
  content(path: string): ContentSource;
  /** Attributes of files that {@link digests} found beside their content, by path; {@link lookup} tells them from then on. */
  readonly found?: ReadonlyMap<string, Xattrs>;
  /** Paths (in the tree) that are one and the same file as `path`, itself included, when it has several names. */
  linksOf?(path: string): readonly string[] | undefined;
}

/** A node to be put in a new layer, with where its content comes from (files only). */
export interface PackEntry extends NodeMeta {
  readonly source?: ContentSource;
  /** When known already, it is not computed again but checked while packing. */
  readonly digest?: Digest;
  readonly hardlink?: string;
  readonly opaque?: boolean;
}

/** Entries of a plan, which may be made anew each time they are looked at, and then are the same each time. */
export interface PackEntries extends Iterable<PackEntry> {
  readonly length: number;
}

/** What a new layer consists of. Entries may come in any order; the packer sorts them into canonical order. */
export interface PackPlan {
  readonly entries: PackEntries;
  readonly whiteouts?: readonly string[];
}

/**
 * A plan on its way to another thread or process: its steps in order, in pieces that are read one after the other. Note that we send no plan as objects, because the
 * other side would hold all of them until the layer is written.
 */
export interface PackedPlan {
  readonly pieces: readonly Uint8Array[];
}

/** What packing, diffing or scanning a layer gives. */
export interface LayerBlob {
  readonly diffId: Digest;
  /** Digest and bytes of the compressed form. */
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  readonly toc: Toc;
}
