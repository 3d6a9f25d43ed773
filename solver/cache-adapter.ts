import type { CacheKey } from "../core/cache-key.js";
import { canonicalJson } from "../core/canonical.js";
import type { LayerId } from "../cache/contract/layers.js";
import type { Locks } from "../cache/contract/locks.js";
import type { ResultIndex, ResultRecord } from "../cache/contract/results.js";
import type { CachedResult, EngineCache, KeyComponents, SaveRequest } from "./engine/op.js";
import { layersOf, type StepResult } from "./result.js";

/** Converts between results of the engine and those of the store: stacks of layers. */
interface ResultCodec<R> {
  /** Returns the layers. Throws for results that cannot be kept. */
  layers(result: R): readonly LayerId[];
  result(layers: readonly LayerId[]): R;
}

const STEP_RESULTS: ResultCodec<StepResult> = {
  layers: layersOf,
  result: (layers) => ({ kind: "layers", layers }),
};

/** The part of a Store that the adapter needs. */
export interface ResultStore {
  readonly results: ResultIndex;
  readonly locks: Pick<Locks, "acquire">;
}

/** Notes that are recorded with a result beside the engine's data. */
interface SaveNotes {
  readonly build?: string;
  readonly origin?: string;
}

export interface StoreCacheOptions {
  readonly notes?: (vertexId: string) => SaveNotes;
  /** Returns a foreign result for the definition of a vertex, and saves it under `key`. */
  readonly foreignResults?: (key: CacheKey, id: string) => ResultRecord | undefined;
  /** Called for every result of a run. */
  readonly onSaved?: (components: KeyComponents) => void;
}

/** Returns the store as the engine's cache of step results. */
export function storeCache(store: ResultStore, options: StoreCacheOptions = {}): StoreCache<StepResult> {
  return new StoreCache(store, STEP_RESULTS, options);
}

/** {@link EngineCache} over the store's result index and locks. */
export class StoreCache<R> implements EngineCache<R> {
  readonly #store: ResultStore;
  readonly #codec: ResultCodec<R>;
  readonly #options: StoreCacheOptions;
  /** Records by the returned values, so that an alias names its record. */
  readonly #records = new WeakMap<CachedResult<R>, ResultRecord>();

  constructor(store: ResultStore, codec: ResultCodec<R>, options: StoreCacheOptions = {}) {
    this.#store = store;
    this.#codec = codec;
    this.#options = options;
  }

  /** Returns the record behind a value that this cache returned. */
  record(hit: CachedResult<R>): ResultRecord | undefined {
    return this.#records.get(hit);
  }

  lookup(key: CacheKey, definition: string | undefined): CachedResult<R> | undefined {
    const known = this.#store.results.lookup(key);
    const record = known ?? (definition === undefined ? undefined : this.#options.foreignResults?.(key, definition));
    return record && this.#give(record);
  }

  expect(keys: readonly CacheKey[]): void {
    this.#store.results.expect(keys);
  }

  alias(hit: CachedResult<R>, key: CacheKey): void {
    const record = this.#records.get(hit);
    if (!record) throw new Error("internal: an alias for a result that this cache did not give");
    this.#store.results.alias(record.id, key);
  }

  save({ id, result, keys, name, components, replace }: SaveRequest<R>): CachedResult<R> {
    const layers = this.#codec.layers(result);
    const entry = { keys, layers, name, components: encodeComponents(components), ...this.#options.notes?.(id) };
    this.#options.onSaved?.(components);
    return this.#give(replace ? this.#store.results.replace(entry) : this.#store.results.save(entry));
  }

  /** Runs `body` under the store's lock, which holds between the builds of one process too. */
  async exclusive<T>(
    key: CacheKey,
    options: { readonly signal: AbortSignal; readonly onWait: (holder: string | undefined) => void },
    body: () => Promise<T>,
  ): Promise<T> {
    const lock = await this.#store.locks.acquire(`result/${key}`, options);
    try {
      return await body();
    } finally {
      lock.release();
    }
  }

  #give(record: ResultRecord): CachedResult<R> {
    const hit = { result: this.#codec.result(record.layers), primaryKey: record.primaryKey, createdAt: record.createdAt };
    this.#records.set(hit, record);
    return hit;
  }
}

/** Returns components in the form of a record: one JSON object, with the names of the contract. */
function encodeComponents(components: KeyComponents): string {
  return canonicalJson({ identity: components.identity, inputs: components.inputs.map(({ name, key }) => ({ name, key })) });
}
