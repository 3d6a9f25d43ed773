import { type Attribute, attribute, type ValuesOf } from "../../core/attributes.js";

const annotations: Attribute<Readonly<Record<string, string>>, false> = { form: "annotations", required: false };

/** Attributes of an image, whatever it is written to. */
export const IMAGE = {
  /** Names of the image. Default: the build's `tags`. */
  names: attribute.list(",", "name"),
  /**
   * Form of layers that are not compressed yet; with `forceCompression` of all, the base's too.
   * Default `gzip`.
   */
  compression: attribute.choice(["gzip", "zstd", "uncompressed"]),
  compressionLevel: attribute.number("compression-level"),
  forceCompression: attribute.flag("force-compression"),
  /**
   * False: Docker's media types in place of OCI's. Default true, but for `docker`. zstd and
   * annotations of indexes and descriptors need OCI's.
   */
  ociMediaTypes: attribute.flag("oci-mediatypes"),
  /**
   * True (the default) where SOURCE_DATE_EPOCH is also the latest time of files in layers that this
   * build makes. The outputs of one build must agree.
   */
  rewriteTimestamp: attribute.flag("rewrite-timestamp"),
  /** Annotations beside the build's, spelled alike. */
  annotations,
};

/** Attributes of an image that goes to the store or a registry. */
export const PUSH = {
  /** Without a tag: only its digest leads to it, so its names must have none. */
  pushByDigest: attribute.flag("push-by-digest"),
  /** Every image of the store is found by NAME@DIGEST, so there is nothing to do for it. */
  nameCanonical: attribute.idle(attribute.flag("name-canonical")),
  /** Name of an image without one, before its digest: `PREFIX@sha256:…`. */
  danglingNamePrefix: attribute.text("dangling-name-prefix"),
  /** The registries may speak plain HTTP, or show any certificate. */
  insecure: attribute.flag("registry.insecure"),
  /** Keep it in the local image store. Default true for `image`, false for `registry`. */
  store: attribute.flag(),
  /**
   * Also unpack its layers in the store, so that the first step that runs on it does not wait for
   * that.
   */
  unpack: attribute.flag(),
};

/** Attributes of an archive of an image. */
export const ARCHIVE = {
  /**
   * A path, or a stream that gets the bytes and is ended. The directory of a file must be there.
   */
  dest: attribute.file("tar"),
  /** False: a directory instead of a tar file. Default true. */
  tar: attribute.flag(),
};

/**
 * A folder for each platform. Default: when there are several. Without, a file of two is an error.
 */
export const platformSplit = attribute.flag("platform-split");

/** Start of the names of attestations' files. */
export const attestationPrefix = attribute.text("attestation-prefix");

/** Attributes of BuildKit's about images, with the one value that is so here anyway. */
export const IMPLIED_BY_IMAGES = { "prefer-nondist-layers": "false", "attestation-inline": "false" };

/** Form of an image, whatever it is written to. */
export type ImageForm = ValuesOf<typeof IMAGE>;

/** Options of an image that goes to the store or a registry. */
export type PushForm = ValuesOf<typeof PUSH>;
