import { type Attribute, attribute } from "../../../core/attributes.js";

/**
 * Cache mounts (`RUN --mount=type=cache`) that are saved with the cache: all, or those with these
 * ids. Default: none.
 */
export type MountSelection = "all" | readonly string[];

const mounts: Attribute<MountSelection, false> = { form: "list", separator: ";", all: "all", required: false };

/** Attributes of every cache that is read. */
export const COMMON_FROM = {
  /** Cache mounts that are filled from the cache when they do not exist yet. */
  mounts,
};

/** Attributes of every cache that is written. */
export const COMMON_TO = {
  /** Layers to save: `min`, those of the result; `max`, those of every step. Default `min`. */
  mode: attribute.choice(["min", "max"]),
  /** Compression of layers that are not compressed yet. */
  compression: attribute.choice(["gzip", "zstd", "uncompressed"]),
  compressionLevel: attribute.number("compression-level"),
  /** True brings all layers, also those of base images, into `compression`. */
  forceCompression: attribute.flag("force-compression"),
  /** True turns a failure into a warning. */
  ignoreError: attribute.flag("ignore-error"),
  mounts,
};

/** Attributes of a cache that has a manifest. */
export const MANIFEST = {
  /**
   * True makes an image manifest, which every registry takes, instead of an index. Default true,
   * with OCI media types.
   */
  imageManifest: attribute.flag("image-manifest"),
  /** True uses OCI's media types. Default true. */
  ociMediaTypes: attribute.flag("oci-mediatypes"),
};
