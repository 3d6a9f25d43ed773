import { indexNested, indexTooDeep, layersDiffer, noImageForPlatform } from "./errors.js";
import type { Digest } from "../core/digest.js";
import { isLayerType } from "./media-types.js";
import { formatPlatform, normalizePlatform, platformRank, type Platform } from "./platform.js";
import type { Descriptor, DescriptorPlatform, ImageConfig, Index, Manifest } from "./types.js";
import { parseImageConfig, parseManifestOrIndex } from "./validate.js";

/**
 * Reads images wherever they are: a blob store, a layout, a fake. Returns verified bytes of small
 * blobs.
 */
export interface BlobReader {
  has(digest: Digest): boolean;
  readSmall(digest: Digest): Buffer;
  /** Returns the bytes of an existing blob. */
  size(digest: Digest): number;
}

/** One image for one platform, read. */
export interface ImageView {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly platform: Platform;
}

/**
 * BuildKit marks attestations in an index with this annotation and the platform unknown/unknown.
 */
const REFERENCE_TYPE = "vnd.docker.reference.type";

export function platformOf(value: DescriptorPlatform): Platform {
  return normalizePlatform({
    os: value.os,
    architecture: value.architecture,
    ...(value.variant === undefined ? {} : { variant: value.variant }),
    ...(value["os.version"] === undefined ? {} : { osVersion: value["os.version"] }),
  });
}

/**
 * Returns true for an entry of an index that describes an image (an attestation) instead of being
 * one.
 */
export function isAttestation(entry: Descriptor): boolean {
  return (
    entry.annotations?.[REFERENCE_TYPE] !== undefined || (entry.platform?.os === "unknown" && entry.platform.architecture === "unknown")
  );
}

/**
 * Returns the entry of an index that serves `platform` best; the earlier one of equals, as
 * containerd does. Entries without a platform are taken only when no other fits. Returns undefined
 * when none fits.
 */
export function choosePlatform(index: Index, platform: Platform): Descriptor | undefined {
  let best: { readonly entry: Descriptor; readonly rank: number } | undefined;
  for (const entry of index.manifests) {
    if (isAttestation(entry)) continue;
    const rank = entry.platform === undefined ? Number.MAX_SAFE_INTEGER : platformRank(platform, platformOf(entry.platform));
    if (rank !== undefined && (best === undefined || rank < best.rank)) best = { entry, rank };
  }
  return best?.entry;
}

/**
 * Chooses as {@link choosePlatform} does, but throws `image/no-platform` with the platforms that
 * the index has. `what` is the image's name.
 */
export function requirePlatform(index: Index, platform: Platform, what: string): Descriptor {
  const found = choosePlatform(index, platform);
  if (found) return found;
  const offered = index.manifests.filter((entry) => !isAttestation(entry) && entry.platform !== undefined);
  const list = offered.map((entry) => formatPlatform(platformOf(entry.platform as DescriptorPlatform)));
  throw noImageForPlatform(what, formatPlatform(platform), list);
}

/**
 * Follows a descriptor to the image for `platform`, through nested indexes. Does not compare the
 * platform of a single manifest that was named. Throws `image/no-platform`, `image/invalid`, or the
 * reader's error.
 */
export function readImage(target: Descriptor, platform: Platform, blobs: BlobReader, what: string): ImageView {
  let descriptor = target;
  for (let depth = 0; depth < 5; depth++) {
    const parsed = parseManifestOrIndex(
      blobs.readSmall(descriptor.digest),
      descriptor.mediaType,
      `manifest ${descriptor.digest} of ${what}`,
    );
    if (parsed.kind === "manifest") return viewManifest(descriptor, parsed.value, blobs, what);
    descriptor = requirePlatform(parsed.value, platform, what);
  }
  throw indexNested(what);
}

function viewManifest(descriptor: Descriptor, manifest: Manifest, blobs: BlobReader, what: string): ImageView {
  const config = parseImageConfig(blobs.readSmall(manifest.config.digest), `config ${manifest.config.digest} of ${what}`);
  checkLayerCount(manifest, config, what);
  return { descriptor, manifest, config, platform: platformOf(config) };
}

/** Throws `image/invalid` unless manifest and config have the same number of layers. */
export function checkLayerCount(manifest: Manifest, config: ImageConfig, what: string): void {
  if (manifest.layers.length !== config.rootfs.diff_ids.length) {
    throw layersDiffer(what, manifest, config);
  }
}

/**
 * One manifest below a target, with the blobs it names. `image` is false for attestations and other
 * artifacts.
 */
export interface ManifestNode {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly image: boolean;
}

/**
 * All nodes below a target: existing indexes and manifests, and index entries whose manifest is
 * absent. Each digest stands once, parents first.
 */
export interface ImageTree {
  readonly indexes: readonly { readonly descriptor: Descriptor; readonly index: Index }[];
  readonly manifests: readonly ManifestNode[];
  readonly absent: readonly Descriptor[];
}

/**
 * Reads the whole tree below `target`. Throws the reader's error when the target is absent; lists
 * absent children.
 */
export function readTree(target: Descriptor, blobs: BlobReader, what: string): ImageTree {
  const indexes: { descriptor: Descriptor; index: Index }[] = [];
  const manifests: ManifestNode[] = [];
  const absent: Descriptor[] = [];
  const seen = new Set<Digest>();
  const visit = (descriptor: Descriptor, depth: number): void => {
    if (seen.has(descriptor.digest)) return;
    seen.add(descriptor.digest);
    if (depth > 0 && !blobs.has(descriptor.digest)) {
      absent.push(descriptor);
      return;
    }
    if (depth > 5) throw indexTooDeep(what);
    const parsed = parseManifestOrIndex(
      blobs.readSmall(descriptor.digest),
      descriptor.mediaType,
      `manifest ${descriptor.digest} of ${what}`,
    );
    if (parsed.kind === "index") {
      indexes.push({ descriptor, index: parsed.value });
      for (const entry of parsed.value.manifests) visit(entry, depth + 1);
    } else {
      const image = !isAttestation(descriptor) && parsed.value.layers.every((layer) => isLayerType(layer.mediaType));
      manifests.push({ descriptor, manifest: parsed.value, image });
    }
  };
  visit(target, 0);
  return { indexes, manifests, absent };
}

/** Returns the blobs that a manifest names: config, then layers. */
export function manifestBlobs(manifest: Manifest): readonly Descriptor[] {
  return [manifest.config, ...manifest.layers];
}
