import type { Compression } from "../../oci/media-types.js";
import type { GhaOptions } from "./gha.js";
import type { S3Options } from "./s3.js";

/**
 * Cache mounts (`RUN --mount=type=cache`) that are saved with the cache: all, or those with these
 * ids. Default: none.
 */
export type MountSelection = "all" | readonly string[];

interface CommonFrom {
  /** Cache mounts that are filled from the cache when they do not exist yet. */
  readonly mounts?: MountSelection;
}

interface CommonTo {
  /** Layers to save: `min`, those of the result; `max`, those of every step. Default `min`. */
  readonly mode?: "min" | "max";
  /** Compression of layers that are not compressed yet. */
  readonly compression?: Compression;
  readonly compressionLevel?: number;
  /** True brings all layers, also those of base images, into `compression`. */
  readonly forceCompression?: boolean;
  /** True turns a failure into a warning. */
  readonly ignoreError?: boolean;
  readonly mounts?: MountSelection;
}

interface ManifestOptions {
  /**
   * True makes an image manifest, which every registry takes, instead of an index. Default true,
   * with OCI media types.
   */
  readonly imageManifest?: boolean;
  /** True uses OCI's media types. Default true. */
  readonly ociMediaTypes?: boolean;
}

/** A cache that a build may take results from. An inline cache is read with `registry`. */
export type CacheFrom = CommonFrom &
  (
    | { readonly type: "registry"; readonly ref: string; readonly insecure?: boolean }
    | {
        readonly type: "local";
        readonly src: string /** Default `latest`. */;
        readonly tag?: string /** Of the manifest; instead of a tag. */;
        readonly digest?: string;
      }
    | ({ readonly type: "gha" } & GhaOptions)
    | ({ readonly type: "s3" } & S3Options)
  );

/**
 * A cache that a build writes its results to. `inline` puts the keys into the image itself, whose
 * layers are then the cache.
 */
export type CacheTo =
  | { readonly type: "inline" }
  | (CommonTo & ManifestOptions & { readonly type: "registry"; readonly ref: string; readonly insecure?: boolean })
  | (CommonTo &
      ManifestOptions & {
        readonly type: "local";
        readonly dest: string /** Default `latest`. */;
        readonly tag?: string;
        /** True removes unreferenced blobs of the directory. */
        readonly reset?: boolean;
      })
  | (CommonTo & { readonly type: "gha" } & GhaOptions)
  | (CommonTo & { readonly type: "s3" } & S3Options);
