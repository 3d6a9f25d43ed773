import type { Digest } from "../../../core/digest.js";
import type { Descriptor } from "../../types.js";
import type { Numbers } from "./numbers.js";
import type { LayerBlob, PackedPlan, PackPlan, Toc } from "./toc.js";
import type { Compression } from "../../media-types.js";

/**
 * The heavy work on layers, as tasks over plain data. A task runs on a thread of the main process,
 * or (where mapped ids are involved) in the worker. All files are named by path. A task writes only
 * to its paths, and removes its files when it fails.
 */
export interface LayerTasks {
  /** Reads a layer blob once: checks the tar, computes diffID and TOC. */
  scan(params: {
    readonly blob: string;
    readonly mediaType: string;
    /**
     * True for archives that ADD unpacks: names that start with `.wh.` are names, not deletions.
     * Default false.
     */
    readonly literal?: boolean;
    /**
     * Bytes of the complete blob, when it is still being written (gzip and plain only): it is read
     * as it grows.
     */
    readonly growing?: number;
    /**
     * Bytes that the layer may unpack to; more is refused with `layer/too-large`. Default: 64 GiB.
     */
    readonly limit?: number;
  }): Promise<{ readonly diffId: Digest; readonly toc: Toc }>;
  /**
   * Writes a new layer blob to `out`. Sources are `path` and `bytes` only. A file that changed
   * (size or known digest) fails with `layer/file-changed`.
   */
  pack(params: {
    readonly plan: PackPlan | PackedPlan;
    readonly out: string;
    readonly compression: CompressionOptions /** Clamp: mtimes later than this (seconds) become this. */;
    readonly epoch?: number;
  }): Promise<LayerBlob>;
  /** Writes the content of single files of a layer blob to host paths. */
  extract(params: {
    readonly blob: string;
    readonly mediaType: string;
    readonly files: readonly { readonly path: string; readonly dest: string }[];
    /** Reads names literally, as in {@link scan}. */
    readonly literal?: boolean;
  }): Promise<void>;
  /**
   * Finds the content of every file of a layer in its tar, so that {@link cut} takes files out
   * without reading the layer again. Writes the tar to `out` when the blob is compressed; without
   * `out` there is no index then.
   */
  index(params: { readonly blob: string; readonly mediaType: string; readonly out?: string }): Promise<IndexedTar | undefined>;
  /** Writes parts of a file to host paths. */
  cut(params: { readonly tar: string; readonly parts: readonly TarPart[] }): Promise<void>;
  /**
   * Unpacks a layer blob into an empty directory in overlayfs form (whiteouts as 0:0 char devices,
   * `user.overlay.opaque`). Keeps modes, ids, setuid bits, hard links, symlinks, xattrs, times.
   * Writes nothing outside `dest`, whatever names the tar has. Needs the ids: worker only.
   */
  apply(params: {
    readonly blob: string;
    readonly mediaType: string;
    readonly dest: string;
    /** Size of a growing blob, as in {@link scan}. */
    readonly growing?: number;
    /** Limit in bytes, as in {@link scan}. */
    readonly limit?: number;
  }): Promise<{ readonly diffId: Digest; readonly toc: Toc }>;
  /**
   * Makes a layer blob from an overlay's upper directory. `lowers` (bottom first) show which
   * directories only changed their mtime. `work` files and xattrs of overlayfs do not appear.
   * Without `out` it writes and compresses nothing: diffID and TOC only. Needs the ids: worker
   * only.
   */
  diff(params: {
    readonly upper: string;
    readonly lowers: readonly string[];
    readonly out?: { readonly path: string; readonly compression: CompressionOptions };
    readonly epoch?: number;
  }): Promise<{ readonly diffId: Digest; readonly toc: Toc; readonly blob: Descriptor | undefined }>;
  /**
   * Returns the differences of an unpacked layer from its table of contents, as sentences; none
   * when it is sound. `complete` means that only entries of the table were unpacked there. Needs
   * the ids: worker only.
   */
  check(params: { readonly directory: string; readonly toc: Toc; readonly complete: boolean }): Promise<readonly string[]>;
  /**
   * Writes the same layer in another compression; the tar's bytes stay. The result equals the
   * output of {@link pack} or {@link diff}.
   */
  recompress(params: {
    readonly blob: string;
    readonly mediaType: string;
    readonly out: string;
    readonly compression: CompressionOptions;
  }): Promise<Descriptor>;
}

/** Place of every file's content in the tar of a layer, but for sparse files. */
export interface IndexedTar {
  /** Path of the tar: the blob itself, when it is not compressed. */
  readonly tar: string;
  /** Paths in the layer, each ends with NUL. Hard links are listed too. */
  readonly paths: string;
  /** Offset of each file's content. */
  readonly starts: Numbers;
  readonly sizes: Numbers;
}

/** Bytes of a tar that make a file. */
export interface TarPart {
  readonly start: number;
  readonly size: number;
  readonly dest: string;
}

export interface CompressionOptions {
  readonly type: Compression;
  /** Level: gzip 0…9 (default 4), zstd 1…22 (default 3). */
  readonly level?: number;
}
