import { existsSync } from "node:fs";
import { TsbuildError } from "../../core/errors.js";
import type { EventSink } from "../../core/events.js";
import { allOrAbort } from "../../core/tasks/all-or-abort.js";
import type { LayerId } from "../../cache/contract/layers.js";
import type { OutgoingBlob } from "../../cache/remote/backend.js";
import { INLINE_CACHE } from "../../cache/remote/config.js";
import {
  CACHE_MOUNT_TYPE,
  type KeyRecord,
  layersOf as transferLayers,
  type TransferMount,
  type TransferResult,
} from "../../cache/remote/content.js";
import type { CacheTo } from "../../cache/remote/options.js";
import type { ExportImage } from "../../exporters/exporter.js";
import type { CompressionOptions } from "../../oci/layer/model/tasks.js";
import { layerCompression } from "../../oci/media-types.js";
import type { ForeignResults } from "../../solver/buildkit-keys/foreign-records.js";
import type { SolvedVertex } from "../../solver/engine/op.js";
import { readComponents } from "../../solver/explain/components.js";
import { packExplanations } from "../../solver/explain/portable-explanation.js";
import { describeSteps, type StoredStep, stepsWithin, storedSteps } from "../../solver/exported-results.js";
import type { LayerService } from "../../solver/layers/layer-service.js";
import type { Stack } from "../../solver/layers/ports.js";
import type { Reporter } from "../../solver/layers/ports.js";
import { quietReporter } from "../../solver/layers/quiet-reporter.js";
import type { CacheMount } from "../../solver/ops/mounts/cache-mount-name.js";
import type { StepResult } from "../../solver/result.js";
import { runAsStep } from "../record/build-steps.js";
import { type CacheImports, selectMounts } from "./cache-imports.js";
import { withoutLostLayers } from "./fetch-layer.js";
import type { Session } from "../session/session.js";

/** Results of a build for caches. */
export interface SolvedBuild {
  readonly vertices: readonly SolvedVertex<StepResult>[];
  /** Foreign results of steps that were not needed. */
  readonly foreignResults: ForeignResults | undefined;
  /** Layers of the images, one stack for each platform. */
  readonly stacks: readonly Stack[];
  readonly layers: LayerService;
  /** Cache mounts by the names of their directories. */
  readonly mounts: ReadonlyMap<string, CacheMount>;
  /** Returns the records under which a BuildKit finds results of vertices. */
  readonly keyRecords: (results: ReadonlyMap<string, TransferResult>) => Promise<readonly KeyRecord[]>;
  /** Returns the list of files behind a content digest, for explanations. */
  readonly selection: (digest: string) => string | undefined;
  /** Compression of the images' layers; undefined when there is no image. */
  readonly compression: CompressionOptions | undefined;
}

/** The parts of a session that exports use. */
export type ExportSession = Pick<Session, "store" | "signal" | "network" | "workers">;

type Outgoing = Exclude<CacheTo, { type: "inline" }>;

interface CacheExportsOptions {
  readonly solved: SolvedBuild;
  readonly session: ExportSession;
  readonly imports: CacheImports | undefined;
  readonly onEvent: EventSink;
}

/** Writes the results of a build to caches (`--cache-to`). */
export class CacheExports {
  readonly #solved: SolvedBuild;
  readonly #session: ExportSession;
  readonly #imports: CacheImports | undefined;
  readonly #onEvent: EventSink;
  readonly #packedMounts = new Map<string, Promise<TransferMount | undefined>>();

  constructor({ solved, session, imports, onEvent }: CacheExportsOptions) {
    this.#solved = solved;
    this.#session = session;
    this.#imports = imports;
    this.#onEvent = onEvent;
  }

  /**
   * Returns the images with the keys of their steps in their configs, so that each is a cache by
   * itself. `epoch` (milliseconds since the epoch) dates everything instead of the creation time.
   */
  async inline(images: readonly ExportImage[], epoch: number | undefined): Promise<readonly ExportImage[]> {
    const { writeInlineRecords } = await import("../../cache/remote/write-config.js");
    const reporter = quietReporter(this.#session.signal);
    const steps = stepsWithin(await this.#stored(), this.#solved.stacks);
    const compression = this.#solved.compression ?? { type: "gzip" };
    const described = await describeSteps(steps, this.#solved.layers, { compression, force: false, reporter });
    const results = epoch === undefined ? described.results : described.results.map((result) => ({ ...result, createdAt: epoch }));
    const records = await this.#keyRecords(steps, results);
    return images.map((image) => {
      const stack = image.layers.map(({ diffId, blob }) => ({ diffId, blob, createdAt: undefined }));
      return { ...image, config: { ...image.config, [INLINE_CACHE]: writeInlineRecords({ results, records }, stack) } };
    });
  }

  /**
   * Writes one cache, as a step of the build. Does nothing where the cache does not exist (`gha`
   * outside GitHub Actions).
   */
  async write(option: Outgoing): Promise<void> {
    const { openTarget } = await import("../../cache/remote/open.js");
    const { sendCache } = await import("../../cache/remote/send.js");
    const { signal } = this.#session;
    try {
      const target = await openTarget(option, await this.#session.network.caches());
      if (!target) return;
      await runAsStep({ kind: "export", text: `exporting cache to ${target.name}` }, this.#onEvent, async (step) => {
        const reporter: Reporter = { signal, progress: step.progress };
        const send = async (): Promise<void> => {
          const { content, blobs } = await this.#collect(option, reporter);
          await sendCache(target, content, blobs, reporter);
        };
        // A lost layer that was only passed on from another cache is no loss of this build.
        await withoutLostLayers(send, {
          store: this.#session.store,
          imports: this.#imports,
          onEvent: this.#onEvent,
          consequence: "what was cached with it is left out",
        });
      });
    } catch (error) {
      if (!option.ignoreError || signal.aborted || !(error instanceof TsbuildError)) throw error;
      const message = `The ${option.type} cache was not written: ${error.message}`;
      this.#onEvent({ type: "warning", diagnostic: { severity: "warning", code: "cache/export-failed", message } });
    }
  }

  /** Returns the stored steps, also those that only the read caches know, loaded or not. */
  async #stored(): Promise<readonly StoredStep[]> {
    await this.#imports?.load();
    return storedSteps(this.#solved.vertices, this.#imports?.results ?? this.#session.store.results, this.#solved.foreignResults);
  }

  async #collect(option: Outgoing, reporter: Reporter) {
    const { layers: service, stacks } = this.#solved;
    const stored = await this.#stored();
    const steps = option.mode === "max" ? stored : stepsWithin(stored, stacks);
    const compression = this.#compression(option);
    const { results, layers } = await describeSteps(steps, service, { compression, force: option.forceCompression ?? false, reporter });
    const mounts = await this.#mounts(option, reporter);
    const explanations = this.#explanations(steps);
    const content = {
      results,
      records: await this.#keyRecords(steps, results),
      mounts,
      ...(explanations === undefined ? {} : { explanations: [explanations] }),
    };
    const blobs = transferLayers(content).map(({ blob }) => this.#outgoing(blob, layers.get(blob.digest) as LayerId, reporter));
    return { content, blobs: [...blobs, ...mounts.map((mount) => this.#outgoingMount(mount, reporter))] };
  }

  #keyRecords(steps: readonly StoredStep[], results: readonly TransferResult[]): Promise<readonly KeyRecord[]> {
    return this.#solved.keyRecords(new Map(steps.map(({ id }, index) => [id, results[index] as TransferResult])));
  }

  /** Returns the packed components of keys, for explanations on other machines. */
  #explanations(steps: readonly StoredStep[]): string | undefined {
    const runs = steps.flatMap(({ keys: [key], name, createdAt, components: text }) => {
      const components = readComponents(text);
      return components && components.identity !== "" ? [{ key, name, createdAt, components }] : [];
    });
    return packExplanations(runs, this.#solved.selection);
  }

  /** Returns the compression of the images, unless the cache asks for another. */
  #compression({ compression, compressionLevel }: Outgoing): CompressionOptions {
    const images = this.#solved.compression;
    const type = compression ?? (images === undefined || images.type === "uncompressed" ? "gzip" : images.type);
    const level = compressionLevel ?? (images?.type === type ? images.level : undefined);
    return { type, ...(level === undefined ? {} : { level }) };
  }

  /** Returns a blob to send. An absent blob is fetched once the target is known to lack it. */
  #outgoing(descriptor: OutgoingBlob["descriptor"], id: LayerId, reporter: Reporter): OutgoingBlob {
    const solved = this.#solved;
    const { store } = this.#session;
    return {
      descriptor,
      origin: solved.layers.record(id).origin,
      async *open() {
        if (!store.blobs.has(descriptor.digest)) await solved.layers.fetched(id, reporter);
        yield* store.blobs.open(descriptor.digest);
      },
    };
  }

  #outgoingMount({ name, blob }: TransferMount, { signal }: Reporter): OutgoingBlob {
    const { store } = this.#session;
    const found = this.#imports?.mount(name);
    return {
      descriptor: blob,
      origin: found?.source.origin,
      open: () => (store.blobs.has(blob.digest) || !found ? store.blobs.open(blob.digest) : found.source.blob(blob, { signal })),
    };
  }

  async #mounts(option: Outgoing, reporter: Reporter): Promise<readonly TransferMount[]> {
    const wanted = selectMounts(
      [...this.#solved.mounts].map(([name, { id }]) => ({ name, id })),
      option.mounts,
    );
    // Mounts are shared with other caches that are written at the same time, so none is stopped.
    const packed = await allOrAbort(reporter.signal, () =>
      wanted.map(({ name, id }) => {
        let mount = this.#packedMounts.get(name);
        if (!mount) this.#packedMounts.set(name, (mount = this.#packMount(name, id, reporter)));
        return mount;
      }),
    );
    return packed.filter((mount) => mount !== undefined);
  }

  /** Packs a cache mount. A mount that no step has used here is passed on as it came. */
  async #packMount(name: string, id: string, { signal }: Reporter): Promise<TransferMount | undefined> {
    const { store, workers } = this.#session;
    const path = store.cacheMountPath(name, id);
    if (!existsSync(path)) return this.#imports?.mount(name)?.mount;
    const lock = await store.locks.acquire(`mount-${name}`, { signal });
    try {
      const out = store.blobs.temporaryPath();
      const { blob } = await workers.tasks.diff({ upper: path, lowers: [], out: { path: out, compression: { type: "gzip" } } }, { signal });
      if (!blob) throw new Error("internal: a cache mount was packed into nothing");
      store.blobs.adopt(out, blob.digest);
      const suffix = layerCompression(blob.mediaType) === "gzip" ? "+gzip" : "";
      return { id, name, blob: { mediaType: `${CACHE_MOUNT_TYPE}${suffix}`, digest: blob.digest, size: blob.size } };
    } finally {
      lock.release();
    }
  }
}
