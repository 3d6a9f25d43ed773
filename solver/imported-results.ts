import type { CacheKey } from "../core/cache-key.js";
import type { LayerId } from "../cache/contract/layers.js";
import type { NewResult, ResultIndex, ResultRecord, ResultSource } from "../cache/contract/results.js";
import type { Store } from "../cache/store.js";
import type { TransferLayer, TransferResult } from "../cache/transfer/content.js";

/** Results that other machines made, by key, and where their layers are. */
export type FindImported = (key: CacheKey) => { readonly result: TransferResult; readonly origin: string } | undefined;

/** Steps of imported results have nothing to be compared with. */
const NO_COMPONENTS = '{"identity":"","inputs":[]}';

/**
 * The store's results, and behind them those of other caches. A result that is found there becomes one of the store: its layers are registered
 * with where they can be fetched, and nothing is fetched before something needs it.
 */
export class ImportedResults implements ResultIndex {
  constructor(
    private readonly store: Pick<Store, "results" | "layers" | "blobs">,
    private readonly find: FindImported,
  ) {}

  lookup(key: CacheKey): ResultRecord | undefined {
    const { results } = this.store;
    const known = results.lookup(key);
    if (known) return known;
    const found = this.find(key);
    if (!found) return undefined;
    const { keys, name, createdAt, layers } = found.result;
    // What the store has under the other names is younger, or the same.
    const others = keys.slice(1).filter((other) => other !== key && results.lookup(other) === undefined);
    return results.save({
      keys: [keys[0], ...(key === keys[0] ? [] : [key]), ...others],
      layers: layers.map((layer) => this.#layer(layer, found.origin)),
      name,
      createdAt,
      components: NO_COMPONENTS,
      imported: true,
    });
  }

  save(result: NewResult): ResultRecord {
    return this.store.results.save(result);
  }

  alias(id: number, key: CacheKey): void {
    this.store.results.alias(id, key);
  }

  replace(result: NewResult): ResultRecord {
    return this.store.results.replace(result);
  }

  peek(key: CacheKey): ResultSource | undefined {
    const known = this.store.results.peek(key);
    if (known) return known;
    const found = this.find(key);
    return found && { id: undefined, createdAt: found.result.createdAt, build: undefined, imported: true };
  }

  steps(origin: string): ReturnType<ResultIndex["steps"]> {
    return this.store.results.steps(origin);
  }

  recentSteps(): ReturnType<ResultIndex["recentSteps"]> {
    return this.store.results.recentSteps();
  }

  get(id: number): ResultRecord | undefined {
    return this.store.results.get(id);
  }

  /** A layer that is here, or that an image's registry has, stays as it is. */
  #layer({ diffId, blob, createdAt }: TransferLayer, origin: string): LayerId {
    const { layers, blobs } = this.store;
    const known = layers.byDiffId(diffId);
    const there = known?.blob && (known.origin !== undefined || blobs.has(known.blob.digest));
    const source = there ? { blob: known.blob, origin: known.origin } : { blob, origin };
    return layers.addRemote({ diffId, ...source, ...(createdAt === undefined ? {} : { createdAt }) }).id;
  }
}
