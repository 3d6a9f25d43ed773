import type { Compression } from "../../oci/media-types.js";
import type { GhaOptions } from "./gha.js";
import type { S3Options } from "./s3.js";

/** Which cache mounts (`RUN --mount=type=cache`) travel with the cache: all, or those with these ids. Default: none. */
export type MountSelection = "all" | readonly string[];

interface CommonFrom {
  /** Cache mounts that are not there yet begin with what the cache has for them. */
  readonly mounts?: MountSelection;
}

interface CommonTo {
  /** `min`: the layers of the result; `max`: those of every step. Default `min`. */
  readonly mode?: "min" | "max";
  /** Of layers that are not compressed yet. */
  readonly compression?: Compression;
  readonly compressionLevel?: number;
  /** Bring all layers, also those of base images, into `compression`. */
  readonly forceCompression?: boolean;
  /** A failure is a warning instead of the end of the build. */
  readonly ignoreError?: boolean;
  readonly mounts?: MountSelection;
}

interface ManifestOptions {
  /** An image manifest that every registry takes, instead of an index. Default true, with OCI media types. */
  readonly imageManifest?: boolean;
  /** Default true. */
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

/** A cache that a build writes its results to. `inline` puts the keys into the image itself, whose layers are the cache then. */
export type CacheTo =
  | { readonly type: "inline" }
  | (CommonTo & ManifestOptions & { readonly type: "registry"; readonly ref: string; readonly insecure?: boolean })
  | (CommonTo &
      ManifestOptions & {
        readonly type: "local";
        readonly dest: string /** Default `latest`. */;
        readonly tag?: string;
        /** Remove what nothing in the directory refers to any more. */
        readonly reset?: boolean;
      })
  | (CommonTo & { readonly type: "gha" } & GhaOptions)
  | (CommonTo & { readonly type: "s3" } & S3Options);
