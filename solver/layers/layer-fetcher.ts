import { layerUnreadable, layerNotStored, blobLost } from "./errors.js";
import type { LayerId, LayerRecord } from "../../cache/contract/layers.js";
import type { Store } from "../../cache/store.js";
import type { Digest } from "../../core/digest.js";
import type { TsbuildError } from "../../core/errors.js";
import { throwIfAborted } from "../../core/errors.js";
import { SingleFlight } from "../../core/tasks/single-flight.js";
import { layerCompression } from "../../oci/media-types.js";
import type { Descriptor } from "../../oci/types.js";
import { ensureBlob } from "./ensure-blob.js";
import { layerName, namingBlob } from "./layer-name.js";
import type { LayerOwners } from "./layer-owners.js";
import { type FetchBlob, type FetchOptions, type Reporter, sharedReporter } from "./ports.js";

/** A blob to read: complete, or a file that still grows to `growing` bytes. */
export interface BlobFile {
  readonly blob: Descriptor;
  readonly path: string;
  readonly growing: number | undefined;
}

interface LayerFetcherOptions {
  readonly store: Store;
  readonly fetchBlob: FetchBlob;
  readonly owners: LayerOwners;
}

/**
 * Brings the blobs of base layers here, each once, also among processes, and lets them be read
 * meanwhile.
 */
export class LayerFetcher {
  readonly #store: Store;
  readonly #fetchBlob: FetchBlob;
  readonly #flights = new SingleFlight();
  /** Files of blobs that are being fetched, or undefined for one that cannot be read early. */
  readonly #growing = new Map<Digest, { readonly path: Promise<string | undefined>; readonly found: (path: string | undefined) => void }>();

  readonly #owners: LayerOwners;

  constructor({ store, fetchBlob, owners }: LayerFetcherOptions) {
    this.#store = store;
    this.#fetchBlob = fetchBlob;
    this.#owners = owners;
  }

  record(id: LayerId): LayerRecord {
    const record = this.#store.layers.get(id);
    if (!record) throw layerNotStored(id);
    return record;
  }

  /**
   * Ensures that the blob of a base layer is in the store. Forgets a blob that is gone for good. An
   * unpacked layer stays, without a blob. A layer that is not unpacked is removed with the results
   * that depend on it, and `store/blob-missing` is thrown.
   */
  async fetched(id: LayerId, reporter: Reporter): Promise<void> {
    const { blob, origin } = this.record(id);
    if (!blob || this.#store.blobs.has(blob.digest)) return;
    if (origin === undefined) {
      this.#store.layers.forgetBlob(blob.digest);
      if (this.#store.layers.get(id)?.unpacked) return;
      throw bytesMissing(blob.digest);
    }
    await this.#flights.share(`fetch:${blob.digest}`, reporter.signal, (signal) => {
      const growing = growingFile();
      this.#growing.set(blob.digest, growing);
      const fetch = (shown: Reporter) => this.#fetch(blob, origin, growing.found, shown);
      return this.#owners.as(id, sharedReporter(reporter, signal), fetch).finally(() => {
        growing.found(undefined);
        this.#growing.delete(blob.digest);
      });
    });
  }

  async #fetch(blob: Descriptor, origin: string, onFile: (path: string) => void, reporter: Reporter): Promise<void> {
    const source = (options: FetchOptions) => this.#fetchBlob(origin, blob, options);
    await ensureBlob(this.#store, blob, source, { reporter, onFile });
  }

  /**
   * Runs `body` on the blob of a layer, and fetches it first where it is not here. The blob stays
   * as long as `body` runs, although another build may replace it by a compressed form.
   */
  async reading<T>(id: LayerId, reporter: Reporter, body: (file: BlobFile, signal: AbortSignal) => Promise<T>): Promise<T> {
    for (;;) {
      await this.fetched(id, reporter);
      const record = this.record(id);
      const { blob } = record;
      if (!blob) throw layerUnreadable(id, AGAIN);
      const lease = this.#store.leases.hold("blob", [blob.digest]);
      try {
        const path = this.#store.blobs.path(blob.digest);
        if (lease.held.length > 0)
          return await namingBlob(path, layerName(record), body({ blob, path, growing: undefined }, reporter.signal));
      } finally {
        lease.release();
      }
      // It was replaced or removed between the two. The record now has the new blob.
    }
  }

  /**
   * Runs `body` on a blob, and reads one that has to be fetched while it grows. `body` must check
   * it against the layer's diffID: the blob's own digest is known only at the end. When `body`
   * fails on the growing file it runs again on the complete one, which distinguishes damage from an
   * early end.
   */
  async readingEarly<T>(id: LayerId, reporter: Reporter, body: (file: BlobFile, signal: AbortSignal) => Promise<T>): Promise<T> {
    const { blob, diffId } = this.record(id);
    if (!blob || !diffId || this.#store.blobs.has(blob.digest) || layerCompression(blob.mediaType) === "zstd")
      return this.reading(id, reporter, body);
    const fetching = this.fetched(id, reporter);
    // A caller that gives up leaves at once, although the file may still come for others.
    const path = await Promise.race([this.#growing.get(blob.digest)?.path, fetching.then(() => undefined)]);
    if (path === undefined) {
      await fetching;
      return this.reading(id, reporter, body);
    }
    const stop = new AbortController();
    const outcome = body({ blob, path, growing: blob.size }, AbortSignal.any([reporter.signal, stop.signal])).then(
      (value) => ({ value }),
      () => undefined,
    );
    try {
      await fetching;
    } catch (error) {
      stop.abort(error);
      await outcome;
      throw error;
    }
    const done = await outcome;
    if (done) return done.value;
    throwIfAborted(reporter.signal);
    return this.reading(id, reporter, body);
  }
}

const AGAIN = "Build again, which repeats the steps. An image that was loaded or pulled has to be loaded or pulled again";

function bytesMissing(digest: Digest): TsbuildError {
  const message = `Cannot read layer ${digest}: its bytes are not in the store and no registry is known for them`;
  return blobLost(message, AGAIN);
}

function growingFile() {
  let found: (path: string | undefined) => void = () => {};
  const path = new Promise<string | undefined>((resolve) => (found = resolve));
  return { path, found };
}
