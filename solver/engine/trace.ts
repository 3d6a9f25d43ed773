import type { CacheKey } from "../../core/cache-key.js";
import type { Phase, VertexState } from "./vertex-state.js";

/** One decision of the scheduler, as plain data. */
export type TraceRecord = Timed &
  (Move | Lookup | Probe | { readonly event: "extend" } | { readonly event: "abandon"; readonly step: string });

interface Timed {
  /** Milliseconds since the solve began. */
  readonly time: number;
}

/** A vertex entered another phase. */
interface Move {
  readonly event: "move";
  /** Name of the step. */
  readonly step: string;
  readonly from: Phase;
  readonly to: Phase;
  readonly why: string;
}

/** The cache was asked for a key of a vertex. */
interface Lookup {
  readonly event: "lookup";
  readonly step: string;
  readonly by: KeyKind;
  readonly key: CacheKey;
  /** `expired` means that the result is older than the step allows. */
  readonly outcome: "found" | "missing" | "expired";
}

/** Vertices were decided about: first all of them, later those whose keys became final. */
interface Probe {
  readonly event: "probe";
  readonly needed: number;
  readonly found: number;
  readonly skipped: number;
  /** Needed vertices whose definition key is not known yet. */
  readonly withoutKey: number;
}

export type KeyKind = "definition" | "input" | "content";

/** A record before it gets its time. */
export type Traced = TraceRecord extends infer R ? (R extends Timed ? Omit<R, "time"> : never) : never;

/** Returns a function that adds the time to records, or undefined without a listener. */
export function tracer(onTrace: ((record: TraceRecord) => void) | undefined): ((record: Traced) => void) | undefined {
  if (!onTrace) return undefined;
  const start = performance.now();
  return (record) => onTrace({ time: Math.round((performance.now() - start) * 1000) / 1000, ...record });
}

/** Returns the reason of a vertex's state in words. */
export function reasonOf(state: VertexState<unknown>): string {
  switch (state.phase) {
    case "idle":
      return "nobody has asked for it yet";
    case "skipped":
      return "everything that needs it was found in the cache";
    case "waiting":
      if (!state.keyFinal) return "its definition key is not known yet";
      return state.missing === 0 ? "all its inputs have results" : `inputs without a result yet: ${state.missing}`;
    case "matching":
      return "its inputs are there: asks the cache by their results and contents";
    case "queued":
      return "nothing was found: waits for a place to run";
    case "locking":
      return "has a place: waits until no other build works on the same key";
    case "running":
      return "runs now";
    case "resolved":
      return state.by === "cache" ? "found in the cache" : "has run";
    case "failed":
      return "it failed";
    case "canceled":
      return "it was stopped, or is not needed any more";
  }
}
