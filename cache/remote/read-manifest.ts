import { type Digest, isDigest } from "../../core/digest.js";
import { checkLayerCount, isAttestation } from "../../oci/image.js";
import { isConfigType, isIndexType, isManifestType } from "../../oci/media-types.js";
import type { Descriptor, Manifest } from "../../oci/types.js";
import { parseImageConfig, parseManifestOrIndex } from "../../oci/validate.js";
import { CACHE_CONFIG_TYPE, INLINE_CACHE } from "./config.js";
import { joinContents, type TransferContent, type TransferLayer } from "./content.js";
import { CREATED_AT, UNCOMPRESSED } from "./manifest.js";
import { parseTime, readConfig, readInlineRecords } from "./read-config.js";

/** Reads the documents of a cache, wherever they are. */
interface DocumentReader {
  /** Reads a manifest or index, verified. */
  manifest(descriptor: Descriptor): Promise<Uint8Array>;
  /** Reads a config, verified. */
  blob(descriptor: Descriptor): Promise<Uint8Array>;
}

/**
 * Returns the cache of a manifest in any of BuildKit's forms: image manifest, index, or images with
 * an inline cache. Returns undefined for other documents, such as an image without a cache. `what`
 * completes "Cannot use the …".
 */
export async function readCacheManifest(target: Descriptor, reader: DocumentReader, what: string): Promise<TransferContent | undefined> {
  const parsed = parseManifestOrIndex(await reader.manifest(target), target.mediaType === "" ? undefined : target.mediaType, what);
  const entries = parsed.kind === "index" ? parsed.value.manifests : [parsed.value.config, ...parsed.value.layers];
  const config = entries.find((entry) => entry.mediaType === CACHE_CONFIG_TYPE);
  if (config) {
    const layers = new Map<string, TransferLayer>(entries.flatMap((entry) => annotatedLayer(entry)));
    return readConfig(await reader.blob(config), `config of the ${what}`, (blob) => layers.get(blob));
  }
  const images = parsed.kind === "manifest" ? [parsed.value] : await imagesOf(parsed.value.manifests, reader, what);
  const caches = (await Promise.all(images.map((image) => inlineCache(image, reader, what)))).flatMap((cache) => cache ?? []);
  return joinContents(caches.filter(({ results, records = [] }) => results.length > 0 || records.length > 0));
}

function annotatedLayer({ annotations = {}, mediaType, digest, size }: Descriptor): [string, TransferLayer][] {
  const diffId = annotations[UNCOMPRESSED];
  if (diffId === undefined || !isDigest(diffId)) return [];
  return [[digest, { diffId, blob: { mediaType, digest, size }, createdAt: parseTime(annotations[CREATED_AT]) }]];
}

async function imagesOf(entries: readonly Descriptor[], reader: DocumentReader, what: string): Promise<Manifest[]> {
  const found: Manifest[] = [];
  for (const entry of entries) {
    if (isAttestation(entry) || (!isManifestType(entry.mediaType) && !isIndexType(entry.mediaType))) continue;
    const parsed = parseManifestOrIndex(await reader.manifest(entry), entry.mediaType, `manifest ${entry.digest} of the ${what}`);
    if (parsed.kind === "manifest") found.push(parsed.value);
  }
  return found;
}

async function inlineCache(manifest: Manifest, reader: DocumentReader, what: string): Promise<TransferContent | undefined> {
  if (!isConfigType(manifest.config.mediaType)) return undefined;
  const config = parseImageConfig(await reader.blob(manifest.config), `config of the ${what}`);
  const records = config[INLINE_CACHE];
  if (typeof records !== "string") return undefined;
  checkLayerCount(manifest, config, what);
  const times = (config.history ?? []).filter((entry) => !entry.empty_layer).map((entry) => parseTime(entry.created));
  const stack = manifest.layers.map(
    ({ mediaType, digest, size }, index): TransferLayer => ({
      diffId: config.rootfs.diff_ids[index] as Digest,
      blob: { mediaType, digest, size },
      createdAt: times[index],
    }),
  );
  return readInlineRecords(records, stack, `inline cache of the ${what}`);
}
