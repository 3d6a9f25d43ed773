import { existsSync, mkdirSync, renameSync } from "node:fs";
import type { CacheKey } from "../../core/cache-key.js";
import { TsbuildError } from "../../core/errors.js";
import type { EventSink } from "../../core/events.js";
import type { CacheSource } from "../../cache/remote/backend.js";
import type { TransferContent, TransferMount, TransferResult } from "../../cache/remote/content.js";
import type { CacheFrom, MountSelection } from "../../cache/remote/options.js";
import type { ResultIndex } from "../../cache/contract/results.js";
import type { KeySource } from "../../solver/buildkit-keys/foreign-records.js";
import { waitsOf } from "../../net/limits.js";
import { adoptResult, ImportedResults } from "../../solver/imported-results.js";
import { namingBlob } from "../../solver/layers/layer-name.js";
import type { Reporter } from "../../solver/layers/ports.js";
import { runAsStep } from "../record/build-steps.js";
import { ImportedExplanations } from "./imported-explanations.js";
import type { Session } from "../session/session.js";

/** The parts of a session that imports use. */
type ImportSession = Pick<Session, "store" | "signal" | "network" | "workers">;

interface Imported {
  readonly source: CacheSource;
  readonly content: TransferContent;
  readonly results: ReadonlyMap<CacheKey, TransferResult>;
  readonly mounts: readonly TransferMount[];
}

/** A cache mount whose content a cache has. */
interface FoundMount {
  readonly mount: TransferMount;
  readonly source: CacheSource;
}

interface CacheImportsOptions {
  readonly caches: readonly CacheFrom[];
  readonly session: ImportSession;
  readonly onEvent: EventSink;
}

/**
 * The caches that a build reads from (`--cache-from`). An unreadable one is a warning: the build
 * goes on without it.
 */
export class CacheImports {
  readonly #caches: readonly CacheFrom[];
  readonly #session: ImportSession;
  readonly #onEvent: EventSink;
  readonly #sources = new Map<string, CacheSource>();
  readonly #imported: Imported[] = [];
  #loading: Promise<void> | undefined;
  /** Imported explanations. */
  readonly explanations = new ImportedExplanations();

  constructor({ caches, session, onEvent }: CacheImportsOptions) {
    this.#caches = caches;
    this.#session = session;
    this.#onEvent = onEvent;
  }

  /** Loads keys and descriptors of all caches, once. Before, nothing is found in them. */
  load(): Promise<void> {
    this.#loading ??= this.#loadAll();
    return this.#loading;
  }

  async #loadAll(): Promise<void> {
    const found = await Promise.all(this.#caches.map((option) => this.#loadOne(option)));
    // In order: the first cache that has a result serves it.
    for (const imported of found) if (imported) this.#imported.push(imported);
  }

  async #loadOne(option: CacheFrom): Promise<Imported | undefined> {
    const { openSource } = await import("../../cache/remote/open.js");
    const { signal } = this.#session;
    try {
      const source = await openSource(option, await this.#session.network.caches());
      if (!source) return undefined;
      this.#sources.set(source.origin, source);
      return await runAsStep({ kind: "export", text: `importing cache manifest from ${source.name}` }, this.#onEvent, async (step) => {
        const found = await source.load({ signal, onWait: waitsOf(step) }).then(
          (content) => {
            // No warning: the first build of every project finds no cache. But a mistyped name must
            // not look like a cache.
            if (!content) step.progress("no cache found", 0, undefined, true);
            return content;
          },
          (error: unknown) => this.#warn(option, error),
        );
        const content = found && this.explanations.add(source.name, found);
        return content && { source, content, results: byKey(content), mounts: selectMounts(content.mounts, option.mounts) };
      });
    } catch (error) {
      return this.#warn(option, error);
    }
  }

  #warn(option: CacheFrom, error: unknown): undefined {
    if (this.#session.signal.aborted || !(error instanceof TsbuildError)) throw error;
    const message = `The ${option.type} cache is not used: ${error.message}`;
    const { hint } = error;
    this.#onEvent({
      type: "warning",
      diagnostic: { severity: "warning", code: "cache/import-failed", message, ...(hint === undefined ? {} : { hint }) },
    });
    return undefined;
  }

  /** Returns the cache that layers with this origin come from. */
  source(origin: string): CacheSource | undefined {
    return this.#sources.get(origin);
  }

  /** Stops using a cache. */
  drop(origin: string): void {
    for (let at = this.#imported.length - 1; at >= 0; at--) if (this.#imported[at]?.source.origin === origin) this.#imported.splice(at, 1);
  }

  /** The store's results with those of the caches behind them. */
  get results(): ResultIndex {
    return new ImportedResults(this.#session.store, (key) => {
      for (const { source, results } of this.#imported) {
        const result = results.get(key);
        if (result) return { result, from: source };
      }
      return undefined;
    });
  }

  /** Caches that have keys of BuildKit's. */
  get keySources(): readonly KeySource[] {
    const { store } = this.#session;
    return this.#imported.flatMap(({ source: { origin, name }, content: { records = [] } }): KeySource[] => {
      if (!records.some((record) => record.result)) return [];
      const from = { origin, name: `${name} (BuildKit)` };
      return [{ records, adopt: (key, step, result) => adoptResult(store, { ...result, keys: [key], name: step }, from) }];
    });
  }

  /** Returns a mount of the caches, present here or not. */
  mount(name: string): FoundMount | undefined {
    for (const { source, mounts } of this.#imported) {
      const mount = mounts.find((candidate) => candidate.name === name);
      if (mount) return { mount, source };
    }
    return undefined;
  }

  /**
   * Unpacks the content of a cache mount to `path`, which does not exist yet. Returns false when no
   * cache has it, or it cannot be fetched.
   */
  async restoreMount(name: string, path: string, reporter: Reporter): Promise<boolean> {
    const found = this.mount(name);
    if (!found) return false;
    const { store } = this.#session;
    const lock = await store.locks.acquire(`mount-restore-${name}`, { signal: reporter.signal });
    try {
      if (existsSync(path)) return true;
      await this.#unpack(found, path, reporter);
      return true;
    } catch (error) {
      if (reporter.signal.aborted || !(error instanceof TsbuildError)) throw error;
      const message = `The cache mount "${found.mount.id}" begins empty: ${error.message}`;
      this.#onEvent({ type: "warning", diagnostic: { severity: "warning", code: "cache/mount-not-restored", message } });
      return false;
    } finally {
      lock.release();
    }
  }

  /** Unpacks beside its place first: a mount exists as a whole or not at all. */
  async #unpack({ mount, source }: FoundMount, path: string, reporter: Reporter): Promise<void> {
    const { store, workers } = this.#session;
    const { blob } = mount;
    const { signal } = reporter;
    if (!store.blobs.has(blob.digest)) {
      await store.blobs.ingest(source.blob(blob, { signal, onWait: waitsOf(reporter) }), blob, {
        signal,
        onProgress: (current) => reporter.progress(`cache mount ${mount.id}`, current, blob.size, false),
      });
    }
    reporter.progress(`cache mount ${mount.id}`, blob.size, blob.size, true);
    const staging = store.cacheMountPath(`${mount.name}-restored`, mount.id);
    const worker = await workers.worker();
    await worker.remove([staging]);
    mkdirSync(staging);
    const file = store.blobs.path(blob.digest);
    const applied = workers.tasks.apply({ blob: file, mediaType: blob.mediaType, dest: staging }, { signal });
    await namingBlob(file, `the files of cache mount "${mount.id}"`, applied);
    renameSync(staging, path);
  }
}

function byKey({ results }: TransferContent): ReadonlyMap<CacheKey, TransferResult> {
  return new Map(results.toReversed().flatMap((result) => result.keys.map((key) => [key, result] as const)));
}

export function selectMounts<M extends { readonly id: string }>(mounts: readonly M[], selection: MountSelection | undefined): readonly M[] {
  if (selection === undefined) return [];
  return selection === "all" ? mounts : mounts.filter(({ id }) => selection.includes(id));
}
