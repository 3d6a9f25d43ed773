import type { CacheKey } from "../../core/cache-key.js";

/** State of a vertex in a solve. */
export type VertexState<R> =
  /** The vertex was not needed so far. */
  | { readonly phase: "idle" }
  /** Every vertex that needs it was found in the cache. */
  | { readonly phase: "skipped" }
  /**
   * The vertex was not found in the cache; `missing` of its inputs have no result yet. Unless
   * `keyFinal`, its definition key may still turn up and lead to a result.
   */
  | { readonly phase: "waiting"; readonly missing: number; readonly keyFinal: boolean }
  /** Its inputs have results; the cache is asked by their keys and contents. */
  | { readonly phase: "matching" }
  /** Nothing was found; it waits for a place in its pool. */
  | { readonly phase: "queued"; readonly keys: ResultKeys }
  /** The vertex has a place, and waits until no other build works on the same key. */
  | { readonly phase: "locking" }
  | { readonly phase: "running" }
  | Resolved<R>
  | { readonly phase: "failed" }
  | { readonly phase: "canceled" };

export interface Resolved<R> {
  readonly phase: "resolved";
  readonly by: "cache" | "run" | "immediate";
  readonly result: R;
  /**
   * Key of the result in the keys of vertices above. Undefined means that it counts only by its
   * content.
   */
  readonly key: CacheKey | undefined;
}

export type Phase = VertexState<unknown>["phase"];

export const IDLE: VertexState<never> = { phase: "idle" };

/** Phases that may follow each phase. An empty list is an end. */
const NEXT: { readonly [P in Phase]: readonly Phase[] } = {
  idle: ["skipped", "waiting", "running", "resolved", "failed", "canceled"],
  waiting: ["waiting", "skipped", "resolved", "matching", "running", "failed", "canceled"],
  matching: ["queued", "resolved", "failed", "canceled"],
  queued: ["locking", "running", "canceled"],
  locking: ["running", "resolved", "failed", "canceled"],
  running: ["resolved", "failed", "canceled"],
  skipped: [],
  resolved: [],
  failed: [],
  canceled: [],
};

/**
 * Returns the next state, checked against the table: a wrong transition is a bug that must not go
 * on.
 */
export function advance<R>(state: VertexState<R>, next: VertexState<R>): VertexState<R> {
  if (!NEXT[state.phase].includes(next.phase)) throw new Error(`internal: a vertex went from ${state.phase} to ${next.phase}`);
  return next;
}

/** Returns true when the state cannot change any more. */
export function isFinal(state: VertexState<unknown>): boolean {
  return NEXT[state.phase].length === 0;
}

/** Returns true when work for the vertex runs, or starts as soon as there is room. */
export function isAtWork(state: VertexState<unknown>): boolean {
  return !isFinal(state) && state.phase !== "idle" && state.phase !== "waiting";
}

/** Returns true when a vertex was not found by its definition key, and waits for its inputs. */
export function isMissing(state: VertexState<unknown>): boolean {
  return state.phase === "waiting" && state.keyFinal;
}

/** Returns true when a waiting vertex has everything it waits for. */
export function isReady(state: VertexState<unknown>): boolean {
  return isMissing(state) && state.phase === "waiting" && state.missing === 0;
}

/** Returns the state after one more of its inputs has a result. */
export function inputArrived<R>(state: VertexState<R>): VertexState<R> {
  if (state.phase !== "waiting" || state.missing < 1) throw new Error(`internal: an input arrived at a vertex that is ${state.phase}`);
  return { ...state, missing: state.missing - 1 };
}

/**
 * Keys of one vertex. A key that depends on something unknown is undefined; equal ones are common.
 */
export interface ResultKeys {
  /** Key over the definition alone, known before anything runs. */
  readonly definition: CacheKey | undefined;
  /**
   * Key over the primary keys of the inputs' results: equal results of different definitions merge
   * here.
   */
  readonly input: CacheKey | undefined;
  /** Key over the contents of selections, and primary keys of the other inputs. */
  readonly content: CacheKey | undefined;
}
