import type { LayerRecord } from "../../cache/contract/layers.js";
import type { Store } from "../../cache/store.js";
import { compressionRecipe } from "../../oci/layer/write/compress.js";
import type { CompressionOptions } from "../../oci/layer/model/tasks.js";
import { isForeignLayerType, layerCompression } from "../../oci/media-types.js";
import type { Descriptor } from "../../oci/types.js";
import type { BlobFile } from "./layer-fetcher.js";
import type { LayerTaskRunner, Reporter } from "./ports.js";

/** Memos from the digest of a blob and a recipe to the descriptor of the recompressed blob. */
const CONVERTED = "converted-blob";

export type ReadBlob<T> = (file: BlobFile, signal: AbortSignal) => Promise<T>;

interface Parts {
  readonly store: Pick<Store, "blobs" | "leases" | "memo">;
  readonly tasks: Pick<LayerTaskRunner, "recompress">;
  /** Reads the layer's blob, and fetches it first where it is not here. */
  reading<T>(body: ReadBlob<T>): Promise<T>;
}

/**
 * Returns a blob of a layer in exactly this compression. The layer keeps its own. The result is
 * remembered: while it is in the store, nothing is compressed again.
 */
export async function convertBlob(
  { blob: kept, recipe: madeAs }: Pick<LayerRecord, "blob" | "recipe">,
  compression: CompressionOptions,
  { store, tasks, reading }: Parts,
  reporter: Reporter,
): Promise<Descriptor> {
  const recipe = compressionRecipe(compression);
  const known = kept && store.memo.get(CONVERTED, `${kept.digest} ${recipe}`);
  if (known) {
    const made = JSON.parse(known.toString()) as Descriptor;
    if (store.leases.hold("blob", [made.digest]).held.length === 1 && store.blobs.has(made.digest)) return made;
  }
  return reading(async ({ blob, path }) => {
    if (isCompressedAs(blob, madeAs, compression)) return blob;
    const out = store.blobs.temporaryPath();
    const made = await tasks.recompress({ blob: path, mediaType: blob.mediaType, out, compression }, { signal: reporter.signal });
    store.blobs.adopt(out, made.digest);
    store.memo.set(CONVERTED, `${blob.digest} ${recipe}`, JSON.stringify(made));
    return made;
  });
}

/**
 * Returns true when a blob has this compression, and, for one that was made here, the requested
 * level. Foreign layers are never converted.
 */
export function isCompressedAs(blob: Descriptor, recipe: string | undefined, compression: CompressionOptions): boolean {
  if (isForeignLayerType(blob.mediaType)) return true;
  if (layerCompression(blob.mediaType) !== compression.type) return false;
  return compression.level === undefined || recipe === undefined || recipe === compressionRecipe(compression);
}
