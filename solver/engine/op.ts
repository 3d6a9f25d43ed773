import type { CacheKey } from "../../core/cache-key.js";

/**
 * The contract between the engine and operations, the only thing the engine knows of them. `R` is a result: immutable, cheap to hold, shared
 * by every vertex that needs it. All methods may be called concurrently for different vertices; each at most once per vertex and solve,
 * except `contentKey`, which may be asked again for other inputs.
 */
export interface EngineOp<R> {
  /**
   * What identifies the operation itself, without its inputs; hashed with the inputs' keys into the definition key. May ask the outside
   * (resolve a reference, look at files). `undefined`: no key can say beforehand what this gives (a local directory); such a vertex is
   * never looked up, and those above it are found by content.
   */
  identity(context: OpContext): Promise<string | undefined>;
  /**
   * The result of a vertex that needs no work and no cache, such as a local directory that is only looked at. Called instead of `run`;
   * not counted as executed. Undefined where `run` is meant.
   */
  immediate?(context: OpContext): Promise<R>;
  /**
   * For inputs that the op reads only a part of: a digest of just that part for each such input, undefined for inputs that count by their
   * own key. Undefined as a whole: no content key. `inputs` are results, cached or new.
   */
  contentKey?(inputs: readonly R[], context: OpContext): Promise<readonly (string | undefined)[] | undefined>;
  run(inputs: readonly R[], context: OpContext): Promise<R>;
}

export interface OpContext {
  readonly signal: AbortSignal;
  output(stream: "stdout" | "stderr", data: Uint8Array): void;
  progress(item: string, current: number, total: number | undefined, done: boolean): void;
}

/** One vertex as the engine sees it. Vertices with equal ids are one. */
export interface EngineVertex<R> {
  readonly id: string;
  readonly name: string;
  readonly inputs: readonly EngineVertex<R>[];
  readonly op: EngineOp<R>;
  readonly ignoreCache: boolean;
  /** Which bounded pool it runs in. */
  readonly pool: "run" | "io";
}

/** What the engine asks of a cache. Implemented over cache/'s ResultIndex and by a fake in tests. */
export interface EngineCache<R> {
  lookup(key: CacheKey): CachedResult<R> | undefined;
  alias(hit: CachedResult<R>, key: CacheKey): void;
  /** Makes a result durable under `keys[0]` and the aliases. `replace`: what these keys led to before is forgotten. */
  save(
    result: R,
    keys: readonly [CacheKey, ...CacheKey[]],
    vertex: EngineVertex<R>,
    options: { readonly replace: boolean },
  ): CachedResult<R>;
  /** One executor per key among all processes: runs `body` alone; whoever waited looks the key up again first. */
  exclusive<T>(key: CacheKey, options: { readonly signal: AbortSignal; readonly onWait: () => void }, body: () => Promise<T>): Promise<T>;
}

export interface CachedResult<R> {
  readonly result: R;
  readonly primaryKey: CacheKey;
}
