import { type Canonical, canonicalJson } from "../core/canonical.js";
import { type Digest, sha256 } from "../core/digest.js";
import { convertLayerType, isForeignLayerType, layerCompression, mediaTypes } from "../oci/media-types.js";
import { normalizePlatform } from "../oci/platform.js";
import { type Descriptor, descriptorPlatform, type Index, type Manifest } from "../oci/types.js";
import { type Annotation, annotationsAt, checkAnnotations } from "./annotations.js";
import { type AttestedImage, attestImage, isAttested } from "./attestations.js";
import type { ExportImage, MediaTypeFamily } from "./exporter.js";

/** The documents of an image, ready to be stored next to its layers. */
export interface AssembledImage {
  /** The manifest of one platform, or the index of several. */
  readonly target: Descriptor;
  /** Configs, one for each platform, in the order of the images. */
  readonly configs: readonly [Descriptor, ...Descriptor[]];
  readonly manifests: readonly [Descriptor, ...Descriptor[]];
  /** Attestations of the images, where they have some. */
  readonly attested: readonly AttestedImage[];
  /** Configs, manifests, index and statements: bytes by digest. */
  readonly documents: ReadonlyMap<Digest, Buffer>;
  /** Layer blobs of all platforms, each once. */
  readonly layers: readonly Descriptor[];
}

/**
 * Makes configs, manifests and, for several platforms, the index. The same images give the same
 * bytes: JSON in one fixed form, no dates but those in the configs. Layers keep their blobs; only
 * their media types follow the family. Only OCI has zstd, annotations outside of a manifest, and
 * attestations, so these turn the family to `oci`, as in BuildKit. An image with attestations has
 * an index also for one platform. `names` are those that the attestations name.
 */
export function assembleImage(
  images: readonly ExportImage[],
  family: MediaTypeFamily,
  annotations: readonly Annotation[] = [],
  names: readonly string[] = [],
): AssembledImage {
  const attests = images.some(isAttested);
  checkAnnotations(
    annotations,
    images.map((image) => image.platform),
    attests,
  );
  const zstd = images.some((image) => image.layers.some((layer) => layerCompression(layer.blob.mediaType) === "zstd"));
  const words = zstd || attests || annotations.some(({ level }) => level !== "manifest") ? "oci" : family;
  const documents = new Map<Digest, Buffer>();
  const layers = new Map<Digest, Descriptor>();
  const add = (text: string, mediaType: string): Descriptor => {
    const bytes = Buffer.from(text);
    const digest = sha256(bytes);
    documents.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const made = images.map((image) => {
    const config = add(
      canonicalJson(image.config as unknown as Canonical),
      words === "oci" ? mediaTypes.ociConfig : mediaTypes.dockerConfig,
    );
    const blobs = image.layers.map((layer) => layerDescriptor(layer.blob, words));
    for (const blob of blobs) layers.set(blob.digest, blob);
    const mediaType = words === "oci" ? mediaTypes.ociManifest : mediaTypes.dockerManifest;
    const at = (level: "manifest" | "manifest-descriptor") => given(annotationsAt(annotations, level, image.platform));
    const manifest: Manifest = { schemaVersion: 2, mediaType, config, layers: blobs, ...at("manifest") };
    const platform = descriptorPlatform(normalizePlatform(image.platform));
    return { config, manifest: { ...add(pretty(manifest), mediaType), ...at("manifest-descriptor"), platform } };
  });
  const configs = made.map((one) => one.config) as readonly Descriptor[] as AssembledImage["configs"];
  const manifests = made.map((one) => one.manifest) as readonly Descriptor[] as AssembledImage["manifests"];
  if (configs.length === 0) throw new Error("internal: an image without a platform");
  const attested = images.flatMap((image, index) => {
    const manifest = manifests[index];
    return manifest && isAttested(image) ? [attestImage(image, manifest, names, add)] : [];
  });
  if (manifests.length === 1 && attested.length === 0) {
    return { target: manifests[0], configs, manifests, attested, documents, layers: [...layers.values()] };
  }
  const mediaType = words === "oci" ? mediaTypes.ociIndex : mediaTypes.dockerList;
  const entries = [...manifests, ...attested.map(({ manifest }) => manifest)];
  const index: Index = { schemaVersion: 2, mediaType, manifests: entries, ...given(annotationsAt(annotations, "index")) };
  const target = { ...add(pretty(index), mediaType), ...given(annotationsAt(annotations, "index-descriptor")) };
  return { target, configs, manifests, attested, documents, layers: [...layers.values()] };
}

/** Returns the manifests that the target refers to, none where it is a manifest itself. */
export function entriesOf({ target, manifests, attested }: AssembledImage): readonly Descriptor[] {
  if (manifests.some(({ digest }) => digest === target.digest)) return [];
  return [...manifests, ...attested.map(({ manifest }) => manifest)];
}

/**
 * Returns the creation time of the image for its descriptor in `index.json`: RFC 3339 with seconds.
 * Returns undefined when the configs have none.
 */
export function createdAt(images: readonly ExportImage[], epoch: number | undefined): string | undefined {
  const times =
    epoch === undefined
      ? images.flatMap((image) => (image.config.created === undefined ? [] : [Date.parse(image.config.created)]))
      : [epoch];
  const latest = Math.max(...times.filter((time) => !Number.isNaN(time)));
  return Number.isFinite(latest) ? new Date(latest).toISOString().replace(/\.\d+Z$/, "Z") : undefined;
}

/** Returns a layer's descriptor for a manifest, without the annotations of its origin. */
function layerDescriptor(blob: Descriptor, family: MediaTypeFamily): Descriptor {
  return {
    mediaType: convertLayerType(blob.mediaType, family),
    digest: blob.digest,
    size: blob.size,
    // Without its addresses a foreign layer could not be found at all.
    ...(blob.urls !== undefined && isForeignLayerType(blob.mediaType) ? { urls: blob.urls } : {}),
  };
}

function given(annotations: Descriptor["annotations"]): Pick<Descriptor, "annotations"> {
  return annotations === undefined ? {} : { annotations };
}

/** Returns indented JSON, as other builders write it: people read manifests. */
function pretty(value: Manifest | Index): string {
  return JSON.stringify(value, null, 2);
}
