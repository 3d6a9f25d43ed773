import type { CacheKey } from "../core/cache-key.js";
import type { LayerId } from "../cache/contract/layers.js";
import type { NewResult, ResultIndex, ResultRecord, ResultSource } from "../cache/contract/results.js";
import type { Store } from "../cache/store.js";
import type { TransferLayer, TransferResult } from "../cache/remote/content.js";
import { encodeImported } from "./explain/imported-from.js";

/** Returns the result of another machine for a key, and its cache. */
type FindImported = (key: CacheKey) => { readonly result: TransferResult; readonly from: ImportedFrom } | undefined;

/** A cache that results come from. */
interface ImportedFrom {
  /** Origin that is recorded with layers. */
  readonly origin: string;
  /** Display name, e.g. `registry ghcr.io/org/app:cache`. */
  readonly name: string;
}

type ImportStore = Pick<Store, "results" | "layers" | "blobs">;

/**
 * Saves a result of another machine in the store. Registers its layers with their origin, and
 * fetches nothing.
 */
export function adoptResult(
  store: ImportStore,
  { keys, name, createdAt, layers, components }: Pick<TransferResult, "keys" | "name" | "createdAt" | "layers" | "components">,
  from: ImportedFrom,
): ResultRecord {
  return store.results.save({
    keys,
    layers: layers.map((layer) => adoptLayer(store, layer, from.origin)),
    name,
    createdAt,
    components: encodeImported(from.name, components),
    imported: true,
  });
}

/** Registers a layer. A layer that is here, or that an image's registry has, stays unchanged. */
function adoptLayer({ layers, blobs }: ImportStore, { diffId, blob, createdAt }: TransferLayer, origin: string): LayerId {
  const known = layers.byDiffId(diffId);
  const there = known?.blob && (known.origin !== undefined || blobs.has(known.blob.digest));
  const source = there ? { blob: known.blob, origin: known.origin } : { blob, origin };
  return layers.addRemote({ diffId, ...source, ...(createdAt === undefined ? {} : { createdAt }) }).id;
}

/**
 * The store's results, and behind them those of other caches. A result that is found there is saved
 * in the store. Its layers are registered with their origin, and no layer is fetched before
 * something needs it.
 */
export class ImportedResults implements ResultIndex {
  readonly #store: ImportStore;
  readonly #find: FindImported;

  constructor(store: ImportStore, find: FindImported) {
    this.#store = store;
    this.#find = find;
  }

  lookup(key: CacheKey): ResultRecord | undefined {
    const { results } = this.#store;
    const known = results.lookup(key);
    if (known) return known;
    const found = this.#find(key);
    if (!found) return undefined;
    const { keys } = found.result;
    // The store's results under the other keys are younger, or the same.
    const others = keys.slice(1).filter((other) => other !== key && results.lookup(other) === undefined);
    return adoptResult(this.#store, { ...found.result, keys: [keys[0], ...(key === keys[0] ? [] : [key]), ...others] }, found.from);
  }

  expect(keys: readonly CacheKey[]): void {
    this.#store.results.expect(keys);
  }

  save(result: NewResult): ResultRecord {
    return this.#store.results.save(result);
  }

  alias(id: number, key: CacheKey): void {
    this.#store.results.alias(id, key);
  }

  replace(result: NewResult): ResultRecord {
    return this.#store.results.replace(result);
  }

  peek(key: CacheKey): ResultSource | undefined {
    const known = this.#store.results.peek(key);
    if (known) return known;
    const found = this.#find(key);
    return found && { id: undefined, createdAt: found.result.createdAt, build: undefined, imported: true };
  }

  steps(origin: string): ReturnType<ResultIndex["steps"]> {
    return this.#store.results.steps(origin);
  }

  recentSteps(): ReturnType<ResultIndex["recentSteps"]> {
    return this.#store.results.recentSteps();
  }

  get(id: number): ResultRecord | undefined {
    return this.#store.results.get(id);
  }
}
