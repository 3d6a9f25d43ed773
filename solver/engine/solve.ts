import type { EventSink } from "../../core/events.js";
import type { CacheKey } from "../../core/cache-key.js";
import { DefinitionKeys, type Grace } from "./definition-keys.js";
import { type Goal, Goals } from "./goals.js";
import { buildGraph, type Node } from "./graph.js";
import { solvedVertex } from "./keys.js";
import type { CachedResult, Decision, EngineCache, EngineVertex, SolvedVertex } from "./op.js";
import type { MadeNow } from "./made-now.js";
import { type Jobs, Pools } from "./pools.js";
import { isFound, Probe, targetKeys } from "./probe.js";
import { Scheduler } from "./scheduler.js";
import { Session } from "./session.js";
import type { TraceRecord } from "./trace.js";

export interface SolveOptions<R> {
  readonly cache: EngineCache<R>;
  readonly jobs: Jobs;
  /** Places that several solves share; then `jobs` does nothing. */
  readonly pools?: Pools | undefined;
  readonly signal: AbortSignal;
  /**
   * Called synchronously with every event but `steps` and `warning`. An error of it fails the
   * solve.
   */
  readonly onEvent: EventSink;
  /**
   * Called for each vertex with the reason why it runs or the found result, just before its event
   * `cached` or after `started`.
   */
  readonly onDecision?: (decision: Decision<R>) => void;
  /**
   * Called synchronously with a record of each decision of the scheduler. Nothing is recorded
   * without it.
   */
  readonly onTrace?: (record: TraceRecord) => void;
  /**
   * Called before the search, unless every target is found by its definition key. Loads further
   * results into the cache.
   */
  readonly extend?: () => Promise<void>;
  /** Solves that share it run a vertex that ignores the cache once for all of them. */
  readonly madeNow?: MadeNow | undefined;
  /** Called once, after a solve that succeeded, with the vertices that have keys, inputs first. */
  readonly onSolved?: (vertices: readonly SolvedVertex<R>[]) => void;
  /**
   * Goals that the targets are of. A goal learns of its own end. Without goals, all targets are one
   * goal.
   */
  readonly goals?: readonly Goal<R>[];
  /** True goes on after a failure with the goals that do not need the failed vertex. */
  readonly keepGoing?: boolean;
  /** Returns milliseconds since the epoch, for the age of results. Default: the clock. */
  readonly now?: () => number;
  /**
   * Time that the look-up of the whole graph waits for slow keys. Default: {@link GRACE}, by the
   * clock.
   */
  readonly grace?: Grace;
  /** Order in which vertices that became ready together are started, for tests. */
  readonly shuffle?: (ready: readonly EngineVertex<R>[]) => readonly EngineVertex<R>[];
}

/**
 * Returns the results of the targets, and of every other vertex that was found or run, by vertex
 * id. README.md beside this file describes how it decides which vertices run.
 *
 * The first failure stops everything else. It is thrown once nothing runs any more, with `step` set
 * when it is a TsbuildError. An abort of `signal` ends in a CanceledError (or the signal's reason
 * when that is a TsbuildError), also only when everything has ended.
 */
export async function solve<R>(targets: readonly EngineVertex<R>[], options: SolveOptions<R>): Promise<ReadonlyMap<string, R>> {
  const graph = buildGraph(targets);
  const session = new Session({
    cache: options.cache,
    signal: options.signal,
    onEvent: options.onEvent,
    decisions: {
      now: options.now ?? Date.now,
      ...(options.onDecision && { onDecision: options.onDecision }),
      ...(options.onTrace && { onTrace: options.onTrace }),
    },
  });
  const goals = new Goals({ graph, session, goals: options.goals ?? [], keepGoing: options.keepGoing ?? false });
  try {
    const keys = new DefinitionKeys(graph, session);
    await keys.answered(options.grace ?? timer);
    const first = targetKeys(graph);
    if (first.length > 1) options.cache.expect?.(first);
    const lookup = (node: Node<R>, key: CacheKey): CachedResult<R> | undefined => session.lookup(node, key);
    if (options.extend && !session.scope.failed && !isFound(graph, lookup)) {
      session.trace?.({ event: "extend" });
      await options.extend().catch((error: unknown) => session.scope.fail(error));
    }
    if (!session.scope.failed) {
      const scheduler = new Scheduler(graph, session, {
        pools: options.pools ?? new Pools(options.jobs),
        order: nodeOrder(options.shuffle),
        madeNow: options.madeNow,
      });
      const probe = new Probe(graph, lookup);
      scheduler.follow(probe.first());
      keys.onKeysFinal((final) => scheduler.follow(probe.again(final)));
    }
    await session.scope.join();
  } catch (error) {
    session.reporter.cancelOpen();
    goals.fail(error, session.failedVertex);
    throw error;
  } finally {
    session.scope.close();
  }
  options.onSolved?.(graph.nodes.flatMap((node) => solvedVertex(node) ?? []));
  return new Map(graph.nodes.flatMap(({ vertex, state }) => (state.phase === "resolved" ? [[vertex.id, state.result] as const] : [])));
}

/**
 * Milliseconds that slow keys get: little beside a step that runs, and enough for the keys of
 * nearly every build without changes.
 */
const GRACE = 200;

const timer: Grace = (then) => {
  const timeout = setTimeout(then, GRACE);
  return () => clearTimeout(timeout);
};

function nodeOrder<R>(shuffle: SolveOptions<R>["shuffle"]): ConstructorParameters<typeof Scheduler<R>>[2]["order"] {
  if (!shuffle) return undefined;
  return (ready) => {
    const byVertex = new Map(ready.map((node) => [node.vertex, node]));
    return shuffle([...byVertex.keys()]).flatMap((vertex) => byVertex.get(vertex) ?? []);
  };
}
