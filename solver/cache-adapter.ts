import type { CacheKey } from "../core/cache-key.js";
import { canonicalJson } from "../core/canonical.js";
import type { LayerId, Locks, ResultIndex, ResultRecord } from "../cache/store.js";
import type { CachedResult, EngineCache, KeyComponents, SaveRequest } from "./engine/op.js";
import { layersOf, type StepResult } from "./result.js";

/** Between what the engine hands about and what the store keeps: a stack of layers. */
export interface ResultCodec<R> {
  /** Throws for results that cannot be kept. */
  layers(result: R): readonly LayerId[];
  result(layers: readonly LayerId[]): R;
}

const STEP_RESULTS: ResultCodec<StepResult> = {
  layers: layersOf,
  result: (layers) => ({ kind: "layers", layers }),
};

/** The part of a Store that is needed here. */
export interface ResultStore {
  readonly results: ResultIndex;
  readonly locks: Pick<Locks, "acquire">;
}

/** The store as the engine's cache of step results. */
export function storeCache(store: ResultStore): EngineCache<StepResult> {
  return new StoreCache(store, STEP_RESULTS);
}

/** {@link EngineCache} over the store's result index and locks. */
export class StoreCache<R> implements EngineCache<R> {
  readonly #store: ResultStore;
  readonly #codec: ResultCodec<R>;
  /** Hits by the values given out, so that an alias names the record it belongs to. */
  readonly #records = new WeakMap<CachedResult<R>, ResultRecord>();

  constructor(store: ResultStore, codec: ResultCodec<R>) {
    this.#store = store;
    this.#codec = codec;
  }

  lookup(key: CacheKey): CachedResult<R> | undefined {
    const record = this.#store.results.lookup(key);
    return record && this.#give(record);
  }

  alias(hit: CachedResult<R>, key: CacheKey): void {
    const record = this.#records.get(hit);
    if (!record) throw new Error("internal: an alias for a result that this cache did not give");
    this.#store.results.alias(record.id, key);
  }

  save({ result, keys, name, components, replace }: SaveRequest<R>): CachedResult<R> {
    const entry = { keys, layers: this.#codec.layers(result), name, components: encodeComponents(components) };
    return this.#give(replace ? this.#store.results.replace(entry) : this.#store.results.save(entry));
  }

  /** The store's locks hold between the builds of one process too. */
  async exclusive<T>(
    key: CacheKey,
    options: { readonly signal: AbortSignal; readonly onWait: () => void },
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
    const hit = { result: this.#codec.result(record.layers), primaryKey: record.primaryKey };
    this.#records.set(hit, record);
    return hit;
  }
}

/** As a record keeps them: one JSON object, with the names of the contract. */
function encodeComponents(components: KeyComponents): string {
  return canonicalJson({ identity: components.identity, inputs: components.inputs.map(({ name, key }) => ({ name, key })) });
}
