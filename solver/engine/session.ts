import { setMaxListeners } from "node:events";
import { CanceledError, TsbuildError } from "../../core/errors.js";
import type { EventSink } from "../../core/events.js";
import type { Node } from "./graph.js";
import type { CacheKey } from "../../core/cache-key.js";
import type { CachedResult, Decision, EngineCache, OpContext } from "./op.js";
import { Reporter } from "./reporter.js";
import { TaskScope } from "./task-scope.js";
import { type KeyKind, reasonOf, type TraceRecord, type Traced, tracer } from "./trace.js";
import { advance, isFinal, type Resolved, type VertexState } from "./vertex-state.js";

interface SessionOptions<R> {
  readonly cache: EngineCache<R>;
  readonly signal: AbortSignal;
  readonly onEvent: EventSink;
  readonly decisions: {
    readonly onDecision?: (decision: Decision<R>) => void;
    readonly onTrace?: (record: TraceRecord) => void;
    readonly now: () => number;
  };
}

/** Functions that hear how vertices end. */
interface Followers<R> {
  readonly resolved: (node: Node<R>) => void;
  /** Returns true when the solve goes on in spite of the failure. */
  readonly failed: (node: Node<R>, error: unknown) => boolean;
}

/**
 * State that the phases of one solve share: its tasks, its events, its cache, and the only ways in
 * which a vertex changes.
 */
export class Session<R> {
  readonly cache: EngineCache<R>;
  readonly #decisions: {
    readonly onDecision?: (decision: Decision<R>) => void;
    readonly onTrace?: (record: TraceRecord) => void;
    readonly now: () => number;
  };
  readonly scope: TaskScope;
  readonly reporter: Reporter;
  /** Undefined without a listener: then no record is built. */
  readonly trace: ((record: Traced) => void) | undefined;
  #followers: Followers<R> = { resolved: () => {}, failed: () => false };
  /** Id of the vertex whose failure ended the solve. */
  failedVertex: string | undefined;
  readonly #contexts = new Map<Node<R>, OpContext>();
  readonly #aborts = new Map<Node<R>, AbortController>();

  constructor({ cache, signal, onEvent, decisions }: SessionOptions<R>) {
    this.cache = cache;
    this.#decisions = decisions;
    this.trace = tracer(decisions.onTrace);
    this.scope = new TaskScope(signal);
    this.reporter = new Reporter(onEvent, (error) => this.scope.fail(error));
    const { signal: whole } = this.scope;
    // One listener for all: adding one walks over all existing ones.
    whole.addEventListener("abort", () => {
      for (const abort of this.#aborts.values()) abort.abort(whole.reason);
    });
  }

  /** Calls these functions for what becomes of vertices. */
  listen(followers: Followers<R>): void {
    this.#followers = followers;
  }

  context(node: Node<R>): OpContext {
    let context = this.#contexts.get(node);
    if (!context) this.#contexts.set(node, (context = this.reporter.context(node, () => this.#signal(node))));
    return context;
  }

  /** Returns the signal of a vertex, made at the first call: most vertices are only looked up. */
  #signal(node: Node<R>): AbortSignal {
    let abort = this.#aborts.get(node);
    if (!abort) {
      abort = new AbortController();
      this.#aborts.set(node, abort);
      // All work for the vertex listens to it. Many listeners are no leak here.
      setMaxListeners(0, abort.signal);
      if (this.scope.failed) abort.abort(this.scope.signal.reason);
      else if (node.abandoned) abort.abort(unneeded());
    }
    return abort.signal;
  }

  /** Returns the cached result for a key of this vertex, when it is young enough. */
  lookup(node: Node<R>, key: CacheKey, by: KeyKind = "definition"): CachedResult<R> | undefined {
    const hit = this.cache.lookup(key, key === node.definitionKey && !node.outdated ? node.vertex.id : undefined);
    const expired = hit !== undefined && node.maxAge !== undefined && this.#decisions.now() - hit.createdAt > node.maxAge;
    const outcome = expired ? "expired" : hit ? "found" : "missing";
    this.trace?.({ event: "lookup", step: node.vertex.name, by, key, outcome });
    if (expired) node.expired = true;
    return expired ? undefined : hit;
  }

  /**
   * Reports a decision about a vertex. An error of the listener fails the solve, as with events.
   */
  decided(decision: Decision<R>): void {
    try {
      this.#decisions.onDecision?.(decision);
    } catch (error) {
      this.scope.fail(error);
    }
  }

  move(node: Node<R>, next: VertexState<R>, why?: string): void {
    const from = node.state.phase;
    node.state = advance(node.state, next);
    this.trace?.({ event: "move", step: node.vertex.name, from, to: next.phase, why: why ?? reasonOf(next) });
    if (next.phase === "resolved") this.#followers.resolved(node);
  }

  resolve(node: Node<R>, resolved: Omit<Resolved<R>, "phase">): void {
    this.move(node, { phase: "resolved", ...resolved });
    if (resolved.by === "cache") this.reporter.cached(node);
    else this.reporter.completed(node);
  }

  /** Runs a task for a vertex. Its error fails the vertex and with it the solve. */
  work(node: Node<R>, task: (context: OpContext) => Promise<void>): void {
    this.scope.run(() => this.guard(node, task));
  }

  /** Guards a task that is run by other code: its error fails the vertex. Never rejects. */
  async guard(node: Node<R>, task: (context: OpContext) => Promise<void>): Promise<void> {
    try {
      await task(this.context(node));
    } catch (error) {
      this.#fail(node, error);
    }
  }

  /** Ends the work for a vertex that is not needed any more. Only a result of it still counts. */
  abandon(node: Node<R>): void {
    this.trace?.({ event: "abandon", step: node.vertex.name });
    node.abandoned = true;
    this.#aborts.get(node)?.abort(unneeded());
  }

  /** Ends a vertex that only failed goals need. */
  lose(node: Node<R>): void {
    if (isFinal(node.state)) return;
    node.lost = true;
    node.abandoned = true;
    this.#aborts.get(node)?.abort(unneeded());
    // Work for others ends by itself: its task takes it off the scope.
    if (node.state.phase === "idle" || node.state.phase === "waiting") this.cancel(node);
  }

  cancel(node: Node<R>): void {
    this.move(node, { phase: "canceled" });
    this.reporter.canceled(node);
    // Report a vertex that never started as cached only if another one was found in its place.
    if (node.abandoned && !node.lost) this.reporter.cached(node);
  }

  #fail(node: Node<R>, error: unknown): void {
    // An error after the abort is caused by it.
    if (this.scope.failed || node.abandoned) {
      if (!isFinal(node.state)) this.cancel(node);
      return;
    }
    if (error instanceof TsbuildError) error.step ??= node.vertex.name;
    if (!isFinal(node.state)) {
      this.move(node, { phase: "failed" });
      this.reporter.failed(node, error);
    }
    if (this.#followers.failed(node, error)) return;
    this.failedVertex = node.vertex.id;
    this.scope.fail(error);
  }
}

function unneeded(): CanceledError {
  return new CanceledError("The step is not needed any more");
}
