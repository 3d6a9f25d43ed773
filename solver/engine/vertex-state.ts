import type { CacheKey } from "../../core/cache-key.js";

/** Where a vertex stands in a solve. */
export type VertexState<R> =
  /** Nobody has asked for it yet. */
  | { readonly phase: "idle" }
  /** Everything that needs it was found in the cache. */
  | { readonly phase: "skipped" }
  /** It was not found; `missing` of its inputs have no result yet. Not `settled`: its definition key may still turn up and lead to a result. */
  | { readonly phase: "waiting"; readonly missing: number; readonly settled: boolean }
  /** Its inputs are there; the cache is asked by their keys and contents. */
  | { readonly phase: "matching" }
  /** Nothing was found; it waits for a place in its pool. */
  | { readonly phase: "queued"; readonly keys: ResultKeys }
  /** It has a place, and waits until no other build works on the same key. */
  | { readonly phase: "locking" }
  | { readonly phase: "running" }
  | Resolved<R>
  | { readonly phase: "failed" }
  | { readonly phase: "canceled" };

export interface Resolved<R> {
  readonly phase: "resolved";
  readonly by: "cache" | "run" | "immediate";
  readonly result: R;
  /** How it stands in the keys of vertices above; undefined: only by its content. */
  readonly key: CacheKey | undefined;
}

export type Phase = VertexState<unknown>["phase"];

export const IDLE: VertexState<never> = { phase: "idle" };

/** Which phase may follow which. An empty list is an end. */
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

/** The state after `state`, checked against the table: a step out of order is a bug, not something to go on from. */
export function advance<R>(state: VertexState<R>, next: VertexState<R>): VertexState<R> {
  if (!NEXT[state.phase].includes(next.phase)) throw new Error(`internal: a vertex went from ${state.phase} to ${next.phase}`);
  return next;
}

/** Whether nothing more can happen to it. */
export function isFinal(state: VertexState<unknown>): boolean {
  return NEXT[state.phase].length === 0;
}

/** Whether something is done for it at this moment, or will be as soon as there is room. */
export function isAtWork(state: VertexState<unknown>): boolean {
  return !isFinal(state) && state.phase !== "idle" && state.phase !== "waiting";
}

/** Whether a vertex that waits has everything it waits for. */
export function isReady(state: VertexState<unknown>): boolean {
  return state.phase === "waiting" && state.missing === 0 && state.settled;
}

/** The state after one more of its inputs has a result. */
export function inputArrived<R>(state: VertexState<R>): VertexState<R> {
  if (state.phase !== "waiting" || state.missing < 1) throw new Error(`internal: an input arrived at a vertex that is ${state.phase}`);
  return { ...state, missing: state.missing - 1 };
}

/** The keys one vertex is known by. Those that need something that is not known are undefined; equal ones are common. */
export interface ResultKeys {
  /** Over the definition alone: known before anything runs. */
  readonly definition: CacheKey | undefined;
  /** Over the primary keys of the inputs' results: equal results of different definitions merge here. */
  readonly input: CacheKey | undefined;
  /** Over the contents of what is selected, and primary keys of the other inputs. */
  readonly content: CacheKey | undefined;
}
