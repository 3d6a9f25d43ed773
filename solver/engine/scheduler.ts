import type { CacheKey } from "../../core/cache-key.js";
import { WaitItem } from "../../core/tasks/wait-item.js";
import { NearestHits } from "./nearest-hits.js";
import { digestSelected } from "./definition-keys.js";
import type { Graph, Node } from "./graph.js";
import type { MadeNow } from "./made-now.js";
import { distinctKeys, keyComponents, persistentKey, primaryKey, resultKeys, unusedKey } from "./keys.js";
import type { ResultKeys } from "./vertex-state.js";
import type { CachedResult, OpContext } from "./op.js";
import type { Places, Pools } from "./pools.js";
import type { Verdicts } from "./probe.js";
import type { Session } from "./session.js";
import type { KeyKind } from "./trace.js";
import { inputArrived, isMissing, isReady } from "./vertex-state.js";

interface SchedulerOptions<R> {
  /** Places for the vertices that run at once. */
  readonly pools: Pools;
  /** Order of vertices that became ready together. Default: the farthest from a target first. */
  readonly order: ((ready: readonly Node<R>[]) => readonly Node<R>[]) | undefined;
  readonly madeNow: MadeNow | undefined;
}

/**
 * Third phase: finds by content, or runs, every waiting vertex, each as soon as its key is final
 * and its inputs are there.
 */
export class Scheduler<R> {
  readonly #session: Session<R>;
  readonly #pools: Pools;
  readonly #order: SchedulerOptions<R>["order"];
  readonly #madeNow: MadeNow | undefined;
  readonly #ready: Node<R>[] = [];
  #draining = false;

  constructor(graph: Graph<R>, session: Session<R>, options: SchedulerOptions<R>) {
    this.#session = session;
    session.scope.signal.addEventListener("abort", () => this.#stop(graph.nodes), { once: true });
    this.#order = options.order;
    this.#madeNow = options.madeNow;
    this.#pools = options.pools;
  }

  /**
   * Applies the cache's verdicts: starts ready vertices, and ends work that is not needed any more.
   */
  follow({ changes, abandoned }: Verdicts<R>): void {
    const session = this.#session;
    const hits = new Set(changes.flatMap(({ node, hit }) => (hit ? [node] : [])));
    const nearestHits = new NearestHits(
      changes.map(({ node }) => node),
      hits,
    );
    session.trace?.({ event: "probe", ...counted(changes) });
    for (const { node, state, hit } of changes) {
      if (hit) session.decided({ kind: "found", vertex: node.vertex, hit });
      if (isMissing(state) && !isMissing(node.state)) node.vertex.op.expected?.();
      session.move(node, state);
      if (state.phase === "skipped") this.#skipped(node, nearestHits);
      else if (state.phase !== "waiting") session.reporter.cached(node);
    }
    for (const node of abandoned) session.abandon(node);
    for (const { node } of changes) if (isReady(node.state)) this.#ready.push(node);
    this.#drain();
  }

  #skipped(node: Node<R>, nearestHits: NearestHits<R>): void {
    const session = this.#session;
    const key = persistentKey(node);
    if (key !== undefined) session.decided({ kind: "skipped", vertex: node.vertex, key, coveredBy: () => nearestHits.vertexOf(node) });
    session.reporter.cached(node);
  }

  /** Cancels every vertex that has not started. Running ones notice the abort signal. */
  #stop(nodes: readonly Node<R>[]): void {
    this.#ready.length = 0;
    for (const node of nodes) {
      // Its task stays in the queue, which other solves may use, and does nothing.
      if (node.state.phase === "queued") this.#session.scope.leave();
      if (node.state.phase === "queued" || node.state.phase === "waiting") this.#session.cancel(node);
    }
  }

  /**
   * Starts the ready vertices. The function is not recursive, because a chain found in the cache
   * has any length.
   */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    while (this.#ready.length > 0) {
      const batch = this.#ready.splice(0);
      for (const node of this.#order?.(batch) ?? batch) this.#begin(node);
    }
    this.#draining = false;
  }

  #begin(node: Node<R>): void {
    const session = this.#session;
    if (session.scope.failed || !isReady(node.state)) return;
    const { op } = node.vertex;
    if (op.immediate) {
      const immediate = op.immediate.bind(op);
      session.move(node, { phase: "running" });
      session.reporter.started(node);
      session.work(node, async (context) => {
        const result = await immediate(context);
        session.resolve(node, { by: "immediate", result, key: node.definitionKey });
        this.#release(node);
      });
      return;
    }
    session.move(node, { phase: "matching" });
    session.work(node, () => this.#match(node));
  }

  /**
   * Asks the cache by the inputs' keys, then by the digests of selections. Queues the vertex when
   * neither leads to a result.
   */
  async #match(node: Node<R>): Promise<void> {
    let keys = resultKeys(node);
    let hit = this.#lookup(node, keys);
    if (!hit) {
      await digestSelected(node, this.#session);
      const known = keys;
      keys = resultKeys(node);
      if (keys.content !== known.content) hit = this.#lookup(node, keys);
    }
    if (hit) this.#found(node, keys, hit);
    else this.#enqueue(node, keys);
  }

  /**
   * Looks the keys of a vertex up. Ignores the definition key above a vertex that ignores the
   * cache: it leads to a result built on the old one.
   */
  #lookup(node: Node<R>, keys: ResultKeys): CachedResult<R> | undefined {
    for (const key of distinctKeys(node.outdated && !node.ignoreCache ? { ...keys, definition: undefined } : keys)) {
      if (node.ignoreCache && !this.#madeNow?.has(key)) continue;
      const hit = this.#session.lookup(node, key, kindOf(key, keys));
      if (hit) return hit;
    }
    return undefined;
  }

  #found(node: Node<R>, keys: ResultKeys, hit: CachedResult<R>): void {
    for (const key of distinctKeys(keys)) if (key !== hit.primaryKey) this.#session.cache.alias(hit, key);
    this.#session.decided({ kind: "found", vertex: node.vertex, hit });
    this.#session.resolve(node, { by: "cache", result: hit.result, key: hit.primaryKey });
    this.#release(node);
  }

  #enqueue(node: Node<R>, keys: ResultKeys): void {
    const session = this.#session;
    if (session.scope.failed || node.abandoned) return session.cancel(node);
    session.move(node, { phase: "queued", keys });
    session.scope.enter();
    const pool = this.#pools.of(node.vertex.pool);
    const task = async () => {
      if (node.state.phase !== "queued") return;
      if (node.abandoned) session.cancel(node);
      else await session.guard(node, (context) => this.#execute(node, keys, context, pool));
      session.scope.leave();
    };
    void pool.add(task, { priority: this.#order ? 0 : node.height });
  }

  /**
   * Runs a vertex. The place in the pool comes before the lock: the holder of a lock is running, so
   * no two builds can wait for each other. While it waits for another build's step, its place is
   * lent to others.
   */
  async #execute(node: Node<R>, keys: ResultKeys, context: OpContext, pool: Places): Promise<void> {
    const { cache, reporter } = this.#session;
    const lock = primaryKey(keys);
    if (lock === undefined || node.ignoreCache) return await this.#again(node, keys, context);
    this.#session.move(node, { phase: "locking" });
    const waiting = new WaitItem("waiting for another build that runs this step", context.progress);
    let waits = false;
    const regainPlace = () => {
      if (!waits) return;
      waits = false;
      pool.concurrency--;
      waiting.free();
    };
    const onWait = (holder: string | undefined) => {
      if (!waits) pool.concurrency++;
      waits = true;
      reporter.started(node);
      waiting.held(holder);
    };
    try {
      await cache.exclusive(lock, { signal: context.signal, onWait }, async () => {
        regainPlace();
        const hit = this.#lookup(node, keys);
        if (hit) this.#found(node, keys, hit);
        else await this.#perform(node, keys, context);
      });
    } finally {
      regainPlace();
    }
  }

  /** Runs a vertex that ignores the cache, unless a solve beside this one has just done so. */
  async #again(node: Node<R>, keys: ResultKeys, context: OpContext): Promise<void> {
    const key = primaryKey(keys);
    if (key === undefined || !this.#madeNow) return await this.#perform(node, keys, context);
    this.#session.move(node, { phase: "locking" });
    await this.#madeNow.exclusive(key, async () => {
      const hit = this.#lookup(node, keys);
      if (hit) this.#found(node, keys, hit);
      else await this.#perform(node, keys, context);
    });
  }

  async #perform(node: Node<R>, keys: ResultKeys, context: OpContext): Promise<void> {
    const session = this.#session;
    const { op } = node.vertex;
    const because = node.ignoreCache ? "ignored" : node.expired ? "expired" : "missing";
    session.move(node, { phase: "running" }, WHY_RUN[because]);
    const inputs = node.inputs.map((input) => {
      if (input.state.phase !== "resolved") throw new Error(`internal: "${node.vertex.name}" runs before its inputs`);
      return input.state.result;
    });
    if (op.prepare) await op.prepare(inputs, context);
    session.reporter.started(node);
    session.decided({ kind: "run", vertex: node.vertex, because, components: keyComponents(node) });
    const result = await op.run(inputs, context);
    const saved = this.#save(node, keys, result);
    session.resolve(node, { by: "run", result: saved?.result ?? result, key: saved?.primaryKey });
    this.#release(node);
  }

  #save(node: Node<R>, keys: ResultKeys, result: R): CachedResult<R> | undefined {
    const again = node.ignoreCache || node.expired;
    const all: readonly CacheKey[] = again ? [unusedKey(), ...distinctKeys(keys)] : distinctKeys(keys);
    const [primary, ...aliases] = all;
    // Without an identity nothing could ever find it again.
    if (primary === undefined || node.identity === undefined) return undefined;
    if (node.ignoreCache) for (const key of aliases) this.#madeNow?.add(key);
    return this.#session.cache.save({
      id: node.vertex.id,
      result,
      keys: [primary, ...aliases],
      name: node.vertex.name,
      components: keyComponents(node),
      replace: node.outdated || again,
    });
  }

  #release(node: Node<R>): void {
    const session = this.#session;
    if (session.scope.failed) return;
    for (const user of node.users) {
      if (user.state.phase !== "waiting") continue;
      session.move(user, inputArrived(user.state));
      if (isReady(user.state)) this.#ready.push(user);
    }
    this.#drain();
  }
}

/** Counts the verdicts, for the trace. */
function counted<R>(changes: Verdicts<R>["changes"]) {
  const counts = { needed: 0, found: 0, skipped: 0, withoutKey: 0 };
  for (const { state } of changes) {
    if (state.phase === "waiting" && !state.keyFinal) counts.withoutKey++;
    counts[state.phase === "waiting" ? "needed" : state.phase === "resolved" ? "found" : "skipped"]++;
  }
  return counts;
}

/** Why a vertex runs, for the trace. */
const WHY_RUN = {
  ignored: "runs, because it ignores the cache",
  expired: "runs, because its result is too old",
  missing: "runs, because the cache has no result for its keys",
} as const;

/** Returns which of a vertex's keys this is. */
function kindOf(key: CacheKey, keys: ResultKeys): KeyKind {
  if (key === keys.content) return "content";
  return key === keys.input ? "input" : "definition";
}
