import { otherDiffId } from "./errors.js";
import type { LayerId, LayerRecord } from "../../cache/contract/layers.js";
import type { Store } from "../../cache/store.js";
import type { Digest } from "../../core/digest.js";
import { SingleFlight } from "../../core/tasks/single-flight.js";
import { allOrAbort } from "../../core/tasks/all-or-abort.js";
import { compressionRecipe } from "../../oci/layer/write/compress.js";
import type { CompressionOptions } from "../../oci/layer/model/tasks.js";
import type { Toc } from "../../oci/layer/model/toc.js";
import type { RootfsView } from "../../oci/layer/model/view.js";
import type { Descriptor } from "../../oci/types.js";
import { acquireLock } from "./ensure-blob.js";
import { LayerBlobs } from "./layer-blobs.js";
import { type BlobFile, LayerFetcher } from "./layer-fetcher.js";
import type { LayerAccess } from "./layer-access.js";
import { LayerFiles } from "./layer-files.js";
import { LayerOwners } from "./layer-owners.js";
import { type OverlayStack, OverlayStacks } from "./overlay-stack.js";
import { SnapshotChecks } from "./snapshot-checks.js";
import { StackViews } from "./stack-views.js";
import { type FetchBlob, type LayerTaskRunner, type Reporter, sharedReporter } from "./ports.js";
import { UNPACKED_LIMIT } from "../../oci/layer/model/unpacked-size.js";
import type { Stack } from "./ports.js";

interface LayerServiceOptions {
  readonly store: Store;
  readonly tasks: LayerTaskRunner;
  readonly fetchBlob: FetchBlob;
  /** Seconds since the epoch to which times in this build's layers are clamped. */
  readonly epoch?: number;
  /** True checks all snapshots, see {@link ./snapshot-checks.ts}. Default false. */
  readonly checkSnapshots?: boolean;
  /**
   * Bytes that a layer or an archive from outside may unpack to. Default: {@link UNPACKED_LIMIT}.
   */
  readonly unpackedLimit?: number;
}

/**
 * Makes each form of a layer on demand from the existing ones: registry → blob → TOC, snapshot;
 * snapshot → diffID, TOC, blob. Makes nothing before something needs it, and each thing once, also
 * among processes. A build has one service.
 */
export class LayerService implements LayerAccess {
  readonly #store: Store;
  readonly #tasks: LayerTaskRunner;
  readonly #checks: SnapshotChecks;
  readonly #fetcher: LayerFetcher;
  readonly #epoch: number | undefined;
  /** Steps that base layers belong to. */
  readonly owners = new LayerOwners();
  /** Blobs of layers, as exporters need them. */
  readonly blobs = new LayerBlobs(this);
  readonly #files = new LayerFiles(this);
  readonly #flights = new SingleFlight();
  readonly #overlays = new OverlayStacks(this);
  readonly #views = new StackViews();
  /** Layers seen unpacked: every step asks for all layers below it. */
  readonly #unpacked = new Set<LayerId>();
  /** Bytes that a layer or an archive from outside may unpack to. */
  readonly unpackedLimit: number;
  /** Layers that will be unpacked in any case. */
  readonly #expected = new Set<LayerId>();

  constructor(options: LayerServiceOptions) {
    this.#store = options.store;
    this.#tasks = options.tasks;
    this.#checks = new SnapshotChecks({ store: options.store, tasks: options.tasks, checkAll: options.checkSnapshots ?? false });
    this.#fetcher = new LayerFetcher({ store: options.store, fetchBlob: options.fetchBlob, owners: this.owners });
    this.#epoch = options.epoch;
    this.unpackedLimit = options.unpackedLimit ?? UNPACKED_LIMIT;
  }

  get store(): Store {
    return this.#store;
  }

  get tasks(): LayerTaskRunner {
    return this.#tasks;
  }

  get epoch(): number | undefined {
    return this.#epoch;
  }

  record(id: LayerId): LayerRecord {
    return this.#fetcher.record(id);
  }

  /** Ensures that a blob is here, see {@link LayerFetcher.fetched}. */
  fetched(id: LayerId, reporter: Reporter): Promise<void> {
    return this.#fetcher.fetched(id, reporter);
  }

  /** Runs `body` on a blob, see {@link LayerFetcher.reading}. */
  reading<T>(id: LayerId, reporter: Reporter, body: (file: BlobFile, signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#fetcher.reading(id, reporter, body);
  }

  /** Takes files out of a blob, see {@link LayerFiles.taken}. */
  files(id: LayerId, paths: readonly string[], reporter: Reporter): Promise<(path: string) => string> {
    return this.#files.taken(id, paths, reporter);
  }

  /**
   * Returns the merged view of a stack, from its TOCs. Views of stacks that begin alike share their
   * common part.
   */
  async view(stack: Stack, reporter: Reporter): Promise<RootfsView> {
    const { view: below, height } = this.#views.highest(stack);
    if (below && height === stack.length) return below;
    const layers = await allOrAbort(reporter.signal, (signal) => {
      const each = sharedReporter(reporter, signal);
      return stack.slice(height).map(async (id, index) => ({ layer: id, toc: await this.toc(stack, height + index, each) }));
    });
    return this.#views.add(stack, layers, below);
  }

  /**
   * Notes that a step will run on this stack: TOCs of its layers then come from unpacking them, not
   * from a separate read.
   */
  expectUnpacked(stack: Stack): void {
    for (const id of stack) this.#expected.add(id);
  }

  /** Returns the TOC of layer `index` of a stack. */
  async toc(stack: Stack, index: number, reporter: Reporter): Promise<Toc> {
    const id = stack[index] as LayerId;
    const known = this.#storedToc(this.record(id));
    if (known) return known;
    const record = this.record(id);
    if (record.unpacked && !this.#hasBlob(record)) {
      await this.diff(stack, index, reporter);
    } else if (this.#expected.has(id) && !record.unpacked) {
      await this.snapshot(id, reporter);
    } else {
      await this.#shared(`scan:${id}`, reporter, (shared) =>
        this.#fetcher.readingEarly(id, shared, async ({ blob, path, growing }, signal) => {
          const scanned = await this.#tasks.scan(
            { blob: path, mediaType: blob.mediaType, limit: this.unpackedLimit, ...(growing === undefined ? {} : { growing }) },
            { signal },
          );
          this.#checkDiffId(blob, record.diffId, scanned.diffId);
          this.#store.layers.saveToc(scanned.toc);
        }),
      );
    }
    const toc = this.#storedToc(this.record(id));
    if (!toc) throw new Error(`internal: layer ${id} has no TOC after it was read`);
    return toc;
  }

  /** Returns the directory of layer `id`, unpacked. */
  async snapshot(id: LayerId, reporter: Reporter): Promise<string> {
    if (this.#unpacked.has(id)) return this.#store.layers.snapshotPath(id);
    const record = this.record(id);
    if (record.unpacked && (await this.#shared(`check:${id}`, reporter, (shared) => this.#checks.isIntact(record, shared)))) {
      this.#unpacked.add(id);
      return this.#store.layers.snapshotPath(id);
    }
    await this.#shared(`unpack:${id}`, reporter, (shared) => this.owners.as(id, shared, (step) => this.#unpackOnce(id, step)));
    this.#unpacked.add(id);
    return this.#store.layers.snapshotPath(id);
  }

  /**
   * Unpacks the layers of a stack that belong to other steps, which is all that a step on it would
   * wait for.
   */
  async ready(stack: Stack, reporter: Reporter): Promise<void> {
    const fresh = stack.filter((id) => this.owners.has(id) && !this.#unpacked.has(id));
    if (fresh.length === 0) return;
    await allOrAbort(reporter.signal, (signal) => fresh.map((id) => this.snapshot(id, sharedReporter(reporter, signal))));
  }

  async #unpackOnce(id: LayerId, reporter: Reporter): Promise<void> {
    const lock = await acquireLock(this.#store, `unpack-${id}`, "another build that unpacks this layer", reporter);
    try {
      const { unpacked, blob, origin } = this.record(id);
      if (unpacked) return;
      const item = blob && (origin !== undefined || this.owners.has(id)) ? `extracting ${blob.digest}` : undefined;
      if (item) reporter.progress(item, 0, undefined, false);
      await this.#fetcher.readingEarly(id, reporter, (file, signal) => this.#unpack(id, file, signal));
      if (item) reporter.progress(item, 0, undefined, true);
    } finally {
      lock.release();
    }
  }

  async #unpack(id: LayerId, { blob, path, growing }: BlobFile, signal: AbortSignal): Promise<void> {
    const active = this.#store.layers.prepareSnapshot(id);
    try {
      const applied = await this.#tasks.apply(
        {
          blob: path,
          mediaType: blob.mediaType,
          dest: active.fs,
          limit: this.unpackedLimit,
          ...(growing === undefined ? {} : { growing }),
        },
        { signal },
      );
      this.#checkDiffId(blob, this.record(id).diffId, applied.diffId);
      if (!this.#store.layers.toc(applied.diffId)) this.#store.layers.saveToc(applied.toc);
      active.commitSnapshot();
    } catch (error) {
      active.discard();
      throw error;
    }
  }

  /** Returns directories for an overlay of a whole stack. Unpacks layers in parallel. */
  overlay(stack: Stack, reporter: Reporter): Promise<OverlayStack> {
    return this.#overlays.of(stack, reporter);
  }

  /**
   * Compares an unpacked layer with those below it: computes diffID and TOC, and with `compression`
   * the blob too.
   */
  async diff(stack: Stack, index: number, reporter: Reporter, compression?: CompressionOptions): Promise<void> {
    const id = stack[index] as LayerId;
    await this.#shared(`diff:${id}:${compression ? "blob" : "toc"}`, reporter, async (shared) => {
      const { lowers } = await this.overlay(stack.slice(0, index), shared);
      const upper = await this.snapshot(id, shared);
      const out = compression ? { path: this.#store.blobs.temporaryPath(), compression } : undefined;
      const made = await this.#tasks.diff(
        { upper, lowers, ...(out ? { out } : {}), ...(this.#epoch === undefined ? {} : { epoch: this.#epoch }) },
        { signal: shared.signal },
      );
      if (out && made.blob) this.#store.blobs.adopt(out.path, made.blob.digest);
      const { blob } = made;
      this.#store.layers.setDiff(id, made.toc, blob && compression && { blob, recipe: compressionRecipe(compression) });
    });
  }

  /**
   * Runs work that several steps may wait for, and each of them give up alone. Its progress is
   * shown with the step that began it.
   */
  #shared<T>(key: string, reporter: Reporter, work: (shared: Reporter) => Promise<T>): Promise<T> {
    return this.#flights.share(key, reporter.signal, (signal) => work(sharedReporter(reporter, signal)));
  }

  #storedToc(record: LayerRecord): Toc | undefined {
    return record.diffId === undefined ? undefined : this.#store.layers.toc(record.diffId);
  }

  #hasBlob(record: LayerRecord): boolean {
    return record.blob !== undefined && this.#store.blobs.has(record.blob.digest);
  }

  #checkDiffId(blob: Descriptor, expected: Digest | undefined, found: Digest): void {
    if (expected !== undefined && expected !== found) throw otherDiffId(blob, found, expected);
  }
}
