import { noDockerImageManifest } from "./errors.js";
import type { ValuesOf } from "../../core/attributes.js";
import { sha256 } from "../../core/digest.js";
import { convertLayerType, mediaTypes } from "../../oci/media-types.js";
import type { Descriptor } from "../../oci/types.js";
import type { MANIFEST } from "./attributes/common.js";
import { CACHE_CONFIG_TYPE } from "./config.js";
import { layersOf, type TransferContent, type TransferLayer } from "./content.js";
import { writeConfig } from "./write-config.js";

/** Annotation of a layer with its diffID, as containerd has it. */
export const UNCOMPRESSED = "containerd.io/uncompressed";
/** BuildKit's annotation of a layer with its creation time. */
export const CREATED_AT = "buildkit/createdat";

export interface ManifestForm {
  /**
   * True makes an image manifest whose config is the cache config. False makes an index that lists
   * layers and config, BuildKit's form before 0.21.
   */
  readonly imageManifest: boolean;
  /** True uses OCI's media types instead of Docker's. */
  readonly oci: boolean;
}

/** Returns the form that the options of a cache ask for. */
export function manifestForm({ imageManifest, ociMediaTypes: oci = true }: ValuesOf<typeof MANIFEST>): ManifestForm {
  if (imageManifest === true && !oci) throw noDockerImageManifest();
  return { imageManifest: imageManifest ?? oci, oci };
}

/**
 * A cache as documents: its config, and the manifest that names config, layers and mounts so that
 * registries keep them.
 */
interface CacheDocuments {
  readonly config: { readonly descriptor: Descriptor; readonly bytes: Buffer };
  readonly manifest: { readonly descriptor: Descriptor; readonly bytes: Buffer };
}

export function cacheDocuments(content: TransferContent, form: ManifestForm): CacheDocuments {
  const family = form.oci ? "oci" : "docker";
  const bytes = writeConfig(content, { annotated: false });
  const config: Descriptor = { mediaType: CACHE_CONFIG_TYPE, digest: sha256(bytes), size: bytes.length };
  const blobs = [
    ...layersOf(content).map((layer) => annotated(layer, family)),
    ...new Map(content.mounts.map(({ blob }) => [blob.digest, blob])).values(),
  ];
  const mediaType = form.imageManifest ? mediaTypes.ociManifest : form.oci ? mediaTypes.ociIndex : mediaTypes.dockerList;
  const manifest = form.imageManifest
    ? { schemaVersion: 2, mediaType, config, layers: blobs }
    : { schemaVersion: 2, mediaType, manifests: [...blobs, config] };
  const text = Buffer.from(JSON.stringify(manifest));
  return {
    config: { descriptor: config, bytes },
    manifest: { descriptor: { mediaType, digest: sha256(text), size: text.length }, bytes: text },
  };
}

function annotated({ blob, diffId, createdAt }: TransferLayer, family: "oci" | "docker"): Descriptor {
  const annotations = { ...(createdAt === undefined ? {} : { [CREATED_AT]: new Date(createdAt).toISOString() }), [UNCOMPRESSED]: diffId };
  return { mediaType: convertLayerType(blob.mediaType, family), digest: blob.digest, size: blob.size, annotations };
}
