import type { StepUsage } from "../../core/events.js";
import type { WebRequests } from "../../core/web-request.js";
import type { CacheKey } from "../../core/cache-key.js";

/**
 * The contract between the engine and operations; the engine knows nothing else about them. `R` is
 * a result: immutable, cheap to hold, shared by every vertex that needs it. All methods may be
 * called concurrently for different vertices. A method is called at most once per vertex and solve,
 * with two exceptions: `selects` is called often and must be cheap, and `contentDigest` is called
 * at most once per input.
 */
export interface EngineOp<R> {
  /**
   * Returns the identity of the operation itself, without its inputs. The identity is hashed with
   * the inputs' keys into the definition key. The method may ask outside services (resolve a
   * reference, read files). `undefined` means that no key can identify the result beforehand (a
   * local directory): such a vertex is never looked up, and those above it are found by content.
   * The text is human-readable where that is cheap: explanations keep it.
   */
  identity(context: OpContext): Promise<string | undefined>;
  /**
   * Returns the result of a vertex that needs no work and no cache, such as a local directory that
   * is only read. Called instead of `run`, and not counted as executed. With an identity it is
   * called when a vertex above has to run. Without one it is called in every solve, before any
   * look-up, because the keys of vertices above need it.
   */
  immediate?(context: OpContext): Promise<R>;
  /**
   * Returns true when the op reads only a part of this input, so that `contentDigest` can be called
   * for it. A missing method returns false.
   */
  selects?(index: number): boolean;
  /**
   * Returns the digest of just the part of input `index` that the op reads. Undefined means that
   * the input counts by its own key. Called only for inputs that `selects` accepts: early for
   * immediate ones without identity, otherwise once the input's result is there and no other key
   * led to a result. `input` may be cached or new.
   */
  contentDigest?(index: number, input: R, context: OpContext): Promise<string | undefined>;
  /**
   * Starts what takes long before the vertex can run. Called at most once, when its definition key
   * is not found and while its inputs may have no results yet. It may still be found by another key
   * or not be needed.
   */
  expected?(): void;
  /**
   * Brings missing parts of the inputs, such as the layers of a base image, before the vertex
   * counts as started: that time is theirs.
   */
  prepare?(inputs: readonly R[], context: OpContext): Promise<void>;
  run(inputs: readonly R[], context: OpContext): Promise<R>;
}

/**
 * Services for a vertex while the engine works on it. `output` and `progress` show it as started
 * when it was not yet.
 */
export interface OpContext {
  /**
   * Aborted when the build is canceled or another vertex failed: stop at once, release everything,
   * reject with any error.
   */
  readonly signal: AbortSignal;
  output(stream: "stdout" | "stderr", data: Uint8Array): void;
  /** Reports what the vertex used. */
  used?(usage: StepUsage): void;
  /** Reports the requests that the vertex sent through a recording proxy. */
  requested?(requests: WebRequests): void;
  /** Shows progress. `current` and `total` are in bytes. */
  progress(item: string, current: number, total: number | undefined, done: boolean, wait?: boolean): void;
  /**
   * Shows the vertex as running again after its end, because another vertex needs its result, until
   * the last handle is closed.
   */
  resume(): ResumedStep;
}

/** A step that works on its result after its end. */
export interface ResumedStep {
  progress(item: string, current: number, total: number | undefined, done: boolean, wait?: boolean): void;
  /** Closes the handle. Idempotent. */
  close(): void;
}

/** One vertex as the engine sees it. Vertices with equal ids are one. */
export interface EngineVertex<R> {
  /** Id, which is also the step id in events. */
  readonly id: string;
  readonly name: string;
  readonly inputs: readonly EngineVertex<R>[];
  readonly op: EngineOp<R>;
  /** True runs it even when a result is cached. The new result replaces the one of its keys. */
  readonly ignoreCache: boolean;
  /** Milliseconds after which a cached result does not count. */
  readonly maxAge?: number;
  /** Bounded pool that it runs in. */
  readonly pool: "run" | "io";
}

/** The engine's cache, implemented over cache/'s ResultIndex and by a fake in tests. */
export interface EngineCache<R> {
  /**
   * Looks a key up. The look-up is synchronous, because a build without changes does little else.
   * `definition` is the id of the vertex, when the key is its definition key; then the cache may
   * return a foreign result for the definition.
   */
  lookup(key: CacheKey, definition: string | undefined): CachedResult<R> | undefined;
  /** Prepares for look-ups of these keys, which the search begins with. */
  expect?(keys: readonly CacheKey[]): void;
  /** Makes `key` lead to this result from now on. */
  alias(hit: CachedResult<R>, key: CacheKey): void;
  /**
   * Makes a result durable under `keys[0]`, its primary key, and the aliases. Returns the stored
   * result, which may be an equal, older one.
   */
  save(request: SaveRequest<R>): CachedResult<R>;
  /**
   * Runs `body` alone for a key among all builds and processes. Calls `onWait` when it has to wait,
   * and again when the holder changes, with a name of the holder, if known.
   */
  exclusive<T>(
    key: CacheKey,
    options: { readonly signal: AbortSignal; readonly onWait: (holder: string | undefined) => void },
    body: () => Promise<T>,
  ): Promise<T>;
}

/** A cacheable vertex at the end of a solve. */
export interface SolvedVertex<R> {
  readonly vertex: EngineVertex<R>;
  /** Result; undefined for a vertex that was not needed. */
  readonly result: R | undefined;
  /**
   * The primary key of its result, and its definition key. Other keys that were asked depend on
   * what was cached.
   */
  readonly keys: readonly [CacheKey, ...CacheKey[]];
}

export interface SaveRequest<R> {
  /** Id of the vertex. */
  readonly id: string;
  readonly result: R;
  readonly keys: readonly [CacheKey, ...CacheKey[]];
  /** Name of the vertex. */
  readonly name: string;
  readonly components: KeyComponents;
  /** True forgets the earlier results of these keys. */
  readonly replace: boolean;
}

/** Components of the primary key, kept to explain a later miss by the differences. */
export interface KeyComponents {
  readonly identity: string;
  /** Inputs in order: name of the input's vertex, and its form in the key. */
  readonly inputs: readonly { readonly name: string; readonly key: string }[];
}

export interface CachedResult<R> {
  readonly result: R;
  /** The key from which vertices above compute their own keys, however this result was found. */
  readonly primaryKey: CacheKey;
  /** Milliseconds since the epoch at which it was made. */
  readonly createdAt: number;
}

/**
 * Decision about a vertex. It runs, with the keys that were looked up; or a cached result is used;
 * or the vertex is not needed, because one that depends on it was found. For explanations; vertices
 * without a cache have no decision.
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
      /** Key of its own result. */
      readonly key: CacheKey;
      /** Returns the vertex that was found instead. */
      readonly coveredBy: () => EngineVertex<R> | undefined;
    };
