import type { CacheKey } from "../../core/cache-key.js";

/**
 * The contract between the engine and operations, the only thing the engine knows of them. `R` is a result: immutable, cheap to hold, shared
 * by every vertex that needs it. All methods may be called concurrently for different vertices; each at most once per vertex and solve,
 * except `selects`, which is asked often and must be cheap, and `contentDigest`, asked at most once per input.
 */
export interface EngineOp<R> {
  /**
   * What identifies the operation itself, without its inputs; hashed with the inputs' keys into the definition key. May ask the outside
   * (resolve a reference, look at files). `undefined`: no key can say beforehand what this gives (a local directory); such a vertex is
   * never looked up, and those above it are found by content. Human-readable where that is cheap: it is kept for explanations.
   */
  identity(context: OpContext): Promise<string | undefined>;
  /**
   * The result of a vertex that needs no work and no cache, such as a local directory that is only looked at. Called instead of `run`;
   * not counted as executed. With an identity it is called when a vertex above has to run; without one it is called in every solve, before
   * anything is looked up, because the keys of vertices above need it.
   */
  immediate?(context: OpContext): Promise<R>;
  /** Whether the op reads only a part of this input, so that `contentDigest` can be asked for it. Without the method: of none. */
  selects?(index: number): boolean;
  /**
   * The digest of just the part of input `index` that the op reads; undefined when it has none, then the input counts by its own key.
   * Asked only for inputs that `selects` names: early for those that are immediate and have no identity, otherwise once the input's result
   * is there and no other key led to a result. `input` may be cached or new.
   */
  contentDigest?(index: number, input: R, context: OpContext): Promise<string | undefined>;
  /** Brings what the inputs owe, such as the layers of a base image, before the vertex counts as started: that time is theirs. */
  prepare?(inputs: readonly R[], context: OpContext): Promise<void>;
  run(inputs: readonly R[], context: OpContext): Promise<R>;
}

/** What a vertex may use while the engine works on it. `output` and `progress` show it as started when it was not yet. */
export interface OpContext {
  /** Aborted when the build is canceled or another vertex failed: stop at once, release everything, reject with any error. */
  readonly signal: AbortSignal;
  output(stream: "stdout" | "stderr", data: Uint8Array): void;
  /** `current` and `total` in bytes. */
  progress(item: string, current: number, total: number | undefined, done: boolean): void;
  /** Shows the vertex at work again after its end, until the last that was opened is closed: its result is brought when something else needs it. */
  resume(): ResumedStep;
}

/** A step that works on its result after its end. */
export interface ResumedStep {
  progress(item: string, current: number, total: number | undefined, done: boolean): void;
  /** Idempotent. */
  close(): void;
}

/** One vertex as the engine sees it. Vertices with equal ids are one. */
export interface EngineVertex<R> {
  /** Also the step id in events. */
  readonly id: string;
  readonly name: string;
  readonly inputs: readonly EngineVertex<R>[];
  readonly op: EngineOp<R>;
  /** Run it even when a result is cached; it replaces what its keys led to. */
  readonly ignoreCache: boolean;
  /** A cached result that is older, in milliseconds, does not count. */
  readonly maxAge?: number;
  /** Which bounded pool it runs in. */
  readonly pool: "run" | "io";
}

/** What the engine asks of a cache. Implemented over cache/'s ResultIndex and by a fake in tests. */
export interface EngineCache<R> {
  /**
   * Synchronous, because a build that changes nothing consists of little else. `definition`: the id of the vertex, when the key is its definition
   * key; then the cache may answer with what it knows of such a definition by other names.
   */
  lookup(key: CacheKey, definition: string | undefined): CachedResult<R> | undefined;
  /** From now on `key` leads to this result, whatever it led to before. */
  alias(hit: CachedResult<R>, key: CacheKey): void;
  /** Makes a result durable under `keys[0]`, its primary key, and the aliases. Gives what is stored, which may be an equal, older result. */
  save(request: SaveRequest<R>): CachedResult<R>;
  /** One executor per key among all builds and processes: runs `body` alone. `onWait` is called when it has to wait, and again when the holder changes; it gets a name of the holder, if that is known. */
  exclusive<T>(
    key: CacheKey,
    options: { readonly signal: AbortSignal; readonly onWait: (holder: string | undefined) => void },
    body: () => Promise<T>,
  ): Promise<T>;
}

/** What is known of a cacheable vertex when a solve has ended. */
export interface SolvedVertex<R> {
  readonly vertex: EngineVertex<R>;
  /** Undefined when nobody asked for it. */
  readonly result: R | undefined;
  /** The primary key of its result, and its definition key: whatever else was asked on the way depends on what was cached. */
  readonly keys: readonly [CacheKey, ...CacheKey[]];
}

export interface SaveRequest<R> {
  /** Of the vertex. */
  readonly id: string;
  readonly result: R;
  readonly keys: readonly [CacheKey, ...CacheKey[]];
  /** Name of the vertex. */
  readonly name: string;
  readonly components: KeyComponents;
  /** What these keys led to before is forgotten. */
  readonly replace: boolean;
}

/** What the primary key was made of, kept to explain a later miss by what differs. */
export interface KeyComponents {
  readonly identity: string;
  /** In order: name of the input's vertex, and how it stands in the key. */
  readonly inputs: readonly { readonly name: string; readonly key: string }[];
}

export interface CachedResult<R> {
  readonly result: R;
  /** The key under which vertices above compute their own keys, however this result was found. */
  readonly primaryKey: CacheKey;
  /** Milliseconds since the epoch: when it was made. */
  readonly createdAt: number;
}

/**
 * What was settled for a vertex: that it runs, and with what it would have been found; which result takes its place; or that nobody asked for it,
 * because what stands on it was found. For explanations; vertices without a cache are not spoken of.
 */
export type Decision<R> =
  | {
      readonly kind: "run";
      readonly vertex: EngineVertex<R>;
      readonly because: "missing" | "ignored" | "expired";
      readonly components: KeyComponents;
    }
  | { readonly kind: "found"; readonly vertex: EngineVertex<R>; readonly hit: CachedResult<R> }
  | {
      readonly kind: "skipped";
      readonly vertex: EngineVertex<R>;
      /** Its own result would be found under this one. */
      readonly key: CacheKey;
      /** What was found instead. */
      readonly coveredBy: () => EngineVertex<R> | undefined;
    };
