import type { Digest } from "../../../core/digest.js";
import type { Descriptor } from "../../types.js";
import type { LayerBlob, PackedPlan, PackPlan, Toc } from "./toc.js";
import type { Compression } from "../../media-types.js";

/**
 * The heavy work on layers, as tasks over plain data: they run on a thread of the main process, or (where mapped ids are involved) in the
 * worker. All files are named by path; a task writes only to the paths it is given, and removes what it wrote when it fails.
 */
export interface LayerTasks {
  /** Reads a layer blob once: checks the tar, computes diffID and TOC. */
  scan(params: {
    readonly blob: string;
    readonly mediaType: string;
    /** For archives that ADD unpacks: names that start with `.wh.` are names, not deletions. Default false. */
    readonly literal?: boolean;
    /** Bytes the blob will have, when it is still being written (gzip and plain only): it is read as it comes. */
    readonly growing?: number;
    /** Bytes it may unpack to; more is refused with `layer/too-large`. Default: 64 GiB. */
    readonly limit?: number;
  }): Promise<{ readonly diffId: Digest; readonly toc: Toc }>;
  /** Writes a new layer blob to `out`. Sources are `path` and `bytes` only. A file that changed (size or known digest) fails with `layer/file-changed`. */
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
    /** As in {@link scan}. */
    readonly literal?: boolean;
  }): Promise<void>;
  /**
   * Unpacks a layer blob into an empty directory in overlayfs form (whiteouts as 0:0 char devices, `user.overlay.opaque`). Keeps modes, ids, setuid bits,
   * hard links, symlinks, xattrs, times. Nothing is written outside `dest` whatever the tar names. Needs the ids: worker only.
   */
  apply(params: {
    readonly blob: string;
    readonly mediaType: string;
    readonly dest: string;
    /** As in {@link scan}. */
    readonly growing?: number;
    /** As in {@link scan}. */
    readonly limit?: number;
  }): Promise<{ readonly diffId: Digest; readonly toc: Toc }>;
  /**
   * Makes a layer blob from an overlay's upper directory. `lowers` (bottom first) tell which directories only changed their mtime. `work` files of overlayfs and its
   * own xattrs do not appear. Without `out` nothing is written or compressed: diffID and TOC only. Needs the ids: worker only.
   */
  diff(params: {
    readonly upper: string;
    readonly lowers: readonly string[];
    readonly out?: { readonly path: string; readonly compression: CompressionOptions };
    readonly epoch?: number;
  }): Promise<{ readonly diffId: Digest; readonly toc: Toc; readonly blob: Descriptor | undefined }>;
  /**
   * What of an unpacked layer is not as its table of contents says, as sentences; none when it is sound. `complete`: nothing but what the table has was unpacked there. Needs
   * the ids: worker only.
   */
  check(params: { readonly directory: string; readonly toc: Toc; readonly complete: boolean }): Promise<readonly string[]>;
  /** Writes the same layer in another compression; the tar's bytes stay. The result is what {@link pack} or {@link diff} would have written. */
  recompress(params: {
    readonly blob: string;
    readonly mediaType: string;
    readonly out: string;
    readonly compression: CompressionOptions;
  }): Promise<Descriptor>;
}

export interface CompressionOptions {
  readonly type: Compression;
  /** gzip 0…9 (default 4), zstd 1…22 (default 3). */
  readonly level?: number;
}
