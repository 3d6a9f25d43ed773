import type { LayerId, LayerRecord } from "../../cache/contract/layers.js";
import type { Digest } from "../../core/digest.js";
import { SingleFlight } from "../../core/tasks/single-flight.js";
import type { CompressionOptions } from "../../oci/layer/model/tasks.js";
import { compressionRecipe } from "../../oci/layer/write/compress.js";
import { layerMediaType } from "../../oci/media-types.js";
import type { Descriptor } from "../../oci/types.js";
import { convertBlob, isCompressedAs, type ReadBlob } from "./convert-blob.js";
import type { LayerAccess } from "./layer-access.js";
import { type Reporter, sharedReporter, type Stack } from "./ports.js";

/** A layer that can be exported unchanged. */
type FinalLayer = LayerRecord & { readonly diffId: Digest; readonly blob: Descriptor };

/** The part of {@link ./layer-service.ts} that blobs are made with. */
interface Layers extends Pick<LayerAccess, "store" | "tasks" | "epoch" | "record" | "reading"> {
  fetched(id: LayerId, reporter: Reporter): Promise<void>;
  diff(stack: Stack, index: number, reporter: Reporter, compression?: CompressionOptions): Promise<void>;
}

/** Makes the blobs of layers, as exporters need them. Makes each blob once, also among steps. */
export class LayerBlobs {
  readonly #layers: Layers;
  readonly #flights = new SingleFlight();

  constructor(layers: Layers) {
    this.#layers = layers;
  }

  /**
   * Returns the layers of a stack that need no work to be exported: their blobs are here, in that
   * compression. Holds them all in one commit: in a build without changes this is every layer.
   */
  finalLayers(stack: Stack, compression: CompressionOptions): ReadonlyMap<LayerId, FinalLayer> {
    const final = stack
      .map((id) => this.#layers.record(id))
      .filter(
        (record): record is FinalLayer =>
          record.blob !== undefined &&
          record.diffId !== undefined &&
          this.#final(record, compression) &&
          this.#layers.store.blobs.has(record.blob.digest),
      );
    const gone = this.#leaseUncompressed(final.map(({ blob }) => blob));
    return new Map(final.flatMap((layer) => (gone.has(layer.blob.digest) ? [] : [[layer.id, layer] as const])));
  }

  /**
   * Returns the blob of layer `index` in the store, compressed for export. Compresses a layer
   * without a blob in that compression; base layers stay unchanged.
   */
  async exported(
    stack: Stack,
    index: number,
    compression: CompressionOptions,
    reporter: Reporter,
  ): Promise<{ readonly diffId: Digest; readonly blob: Descriptor }> {
    const id = stack[index] as LayerId;
    return this.#shared(`export:${id}`, reporter, async (shared) => {
      let record = this.#layers.record(id);
      while (record.blob && record.diffId && this.#final(record, compression)) {
        await this.#layers.fetched(id, shared);
        // The blob of a step's layer may be gone, and is then made again from its files.
        if (this.#layers.store.blobs.has(record.blob.digest) && this.#leaseUncompressed([record.blob]).size === 0)
          return { diffId: record.diffId, blob: record.blob };
        record = this.#layers.record(id);
      }
      if (record.blob && this.#layers.store.blobs.has(record.blob.digest)) {
        await this.#recompress(id, compression, shared);
        record = this.#layers.record(id);
      } else {
        await this.#layers.diff(stack, index, shared, compression);
        record = this.#layers.record(id);
      }
      if (!record.blob || !record.diffId) throw new Error(`internal: layer ${id} has no blob after it was packed`);
      return { diffId: record.diffId, blob: record.blob };
    });
  }

  /** Describes the blob for export, which may still be remote when it can be fetched. */
  async described(
    stack: Stack,
    index: number,
    compression: CompressionOptions,
    reporter: Reporter,
  ): Promise<{ readonly diffId: Digest; readonly blob: Descriptor }> {
    const { blob, diffId, origin } = this.#layers.record(stack[index] as LayerId);
    if (blob && diffId && origin !== undefined && !this.#layers.store.blobs.has(blob.digest)) return { diffId, blob };
    return this.exported(stack, index, compression, reporter);
  }

  /** Returns a blob in exactly this compression, see {@link convertBlob}. */
  async converted(id: LayerId, compression: CompressionOptions, reporter: Reporter): Promise<Descriptor> {
    const record = this.#layers.record(id);
    if (record.blob && isCompressedAs(record.blob, record.recipe, compression)) return record.blob;
    return this.#shared(`convert:${id}:${compressionRecipe(compression)}`, reporter, (shared) => {
      const parts = {
        store: this.#layers.store,
        tasks: this.#layers.tasks,
        reading: <T>(body: ReadBlob<T>) => this.#layers.reading(id, shared, body),
      };
      return convertBlob(record, compression, parts, shared);
    });
  }

  /**
   * Returns true when a blob needs no recompression: it came from outside, or has the wanted form
   * already. A reproducible build takes no blob that it would have made otherwise.
   */
  #final(record: LayerRecord, compression: CompressionOptions): boolean {
    if (record.origin !== undefined) return true;
    if (this.#layers.epoch !== undefined && record.recipe !== undefined && compression.type !== "uncompressed")
      return record.recipe === compressionRecipe(compression);
    return record.blob?.mediaType !== layerMediaType("uncompressed") || compression.type === "uncompressed";
  }

  /**
   * Holds uncompressed blobs, because another build may compress and delete one unless this build
   * holds a lease. Returns the blobs already deleted.
   */
  #leaseUncompressed(blobs: readonly Descriptor[]): ReadonlySet<string> {
    const uncompressed = blobs.filter(({ mediaType }) => mediaType === layerMediaType("uncompressed")).map(({ digest }) => digest);
    const held = this.#layers.store.leases.hold("blob", uncompressed).held;
    return new Set<string>(uncompressed.filter((digest) => !held.includes(digest)));
  }

  #recompress(id: LayerId, compression: CompressionOptions, reporter: Reporter): Promise<void> {
    return this.#layers.reading(id, reporter, async ({ blob, path }) => {
      if (this.#final(this.#layers.record(id), compression)) return;
      const out = this.#layers.store.blobs.temporaryPath();
      const made = await this.#layers.tasks.recompress(
        { blob: path, mediaType: blob.mediaType, out, compression },
        { signal: reporter.signal },
      );
      this.#layers.store.blobs.adopt(out, made.digest);
      this.#layers.store.layers.setBlob(id, made, compressionRecipe(compression));
    });
  }

  #shared<T>(key: string, reporter: Reporter, work: (shared: Reporter) => Promise<T>): Promise<T> {
    return this.#flights.share(key, reporter.signal, (signal) => work(sharedReporter(reporter, signal)));
  }
}
