import type { Writable } from "node:stream";
import type { Compression } from "../../oci/media-types.js";

/** How an image is written, whatever it is written to. */
export interface ImageForm {
  /** Default: the build's `tags`. */
  readonly names?: readonly string[];
  /**
   * Form of layers that are not compressed yet; with `forceCompression` of all, the base's too.
   * Default `gzip`.
   */
  readonly compression?: Compression;
  readonly compressionLevel?: number;
  readonly forceCompression?: boolean;
  /**
   * False: Docker's media types in place of OCI's. Default true, but for `docker`. zstd and
   * annotations of indexes and descriptors need OCI's.
   */
  readonly ociMediaTypes?: boolean;
  /** Beside the build's, spelled alike. */
  readonly annotations?: Readonly<Record<string, string>>;
  /**
   * True (the default) where SOURCE_DATE_EPOCH is also the latest time of files in layers that this
   * build makes. Default true; the outputs of one build must agree.
   */
  readonly rewriteTimestamp?: boolean;
}

/** How an image gets to its registry. */
export interface PushForm {
  /** Without a tag: only its digest leads to it, so its names must have none. */
  readonly pushByDigest?: boolean;
  /** The registries may speak plain HTTP, or show any certificate. */
  readonly insecure?: boolean;
  /** Name of an image without one, before its digest: `PREFIX@sha256:…`. */
  readonly danglingNamePrefix?: string;
  /** Keep it in the local image store. Default true for `image`, false for `registry`. */
  readonly store?: boolean;
  /**
   * Also unpack its layers in the store, so that the first step that runs on it does not wait for
   * that.
   */
  readonly unpack?: boolean;
}

/**
 * Where a result goes. A `dest` of type Writable gets the bytes; it is ended, not destroyed. The
 * directory of a file must be there.
 */
export type Output =
  | (ImageForm & {
      readonly type: "oci" | "docker";
      readonly dest: string | Writable;
      /** False: a directory instead of a tar file. Default true. */
      readonly tar?: boolean;
    })
  | {
      readonly type: "local";
      readonly dest: string;
      /**
       * A folder for each platform. Default: when there are several. Without, a file that two
       * platforms have is an error.
       */
      readonly platformSplit?: boolean;
    }
  | { readonly type: "tar"; readonly dest: string | Writable; readonly platformSplit?: boolean }
  /**
   * The local image store, under `names` and the build's tags; `push`: the registries that the
   * names say, too.
   */
  | (ImageForm & PushForm & { readonly type: "image"; readonly push?: boolean })
  | (ImageForm & PushForm & { readonly type: "registry" })
  | { readonly type: "cacheonly" };
