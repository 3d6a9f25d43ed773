import type { CacheKey } from "../../core/cache-key.js";
import { Counts, type Graph, type Node } from "./graph.js";
import type { CachedResult } from "./op.js";
import { isAtWork, type VertexState } from "./vertex-state.js";

/** Result of asking the cache from the targets backwards. Both lists have inputs first. */
export interface Verdicts<R> {
  /** New states of the vertices for which no work runs yet. */
  readonly changes: readonly Verdict<R>[];
  /** Vertices with running work that are not needed any more. */
  readonly abandoned: readonly Node<R>[];
}

interface Verdict<R> {
  readonly node: Node<R>;
  readonly state: Extract<VertexState<R>, { phase: "waiting" | "skipped" | "resolved" }>;
  /** Present with the state `resolved`. */
  readonly hit: CachedResult<R> | undefined;
}

/** Returns the cached result for a definition key, if there is one. */
type Lookup<R> = (node: Node<R>, key: CacheKey) => CachedResult<R> | undefined;

/**
 * Decides, without running anything, which vertices have to run: the second phase. A vertex whose
 * definition key leads to a result is found, and nothing below it is needed for it; otherwise all
 * its inputs are needed in turn. Vertices that are not needed are skipped.
 *
 * A vertex whose key is not final counts as one that has to run and waits for its key. When more
 * keys are final, only their vertices are decided again, and what lies below a found one: each
 * key is looked up once and each input given up once in a solve, however the keys come. A later
 * decision can only find that less is needed.
 */
export class Probe<R> {
  readonly #graph: Graph<R>;
  readonly #lookup: Lookup<R>;
  /**
   * Number of vertices that need a vertex: users that are needed and were not found. A target is
   * needed once more.
   */
  readonly #needs: Counts;

  constructor(graph: Graph<R>, lookup: Lookup<R>) {
    this.#graph = graph;
    this.#lookup = lookup;
    this.#needs = new Counts(graph.nodes.length);
  }

  /** Asks the cache from the targets backwards, and decides about every vertex. */
  first(): Verdicts<R> {
    const found = new Map<Node<R>, CachedResult<R>>();
    const open: Node<R>[] = [];
    const need = (node: Node<R>): void => {
      if (this.#needs.add(node, 1) === 1) open.push(node);
    };
    for (const target of this.#graph.targets) need(target);
    for (let node = open.pop(); node; node = open.pop()) {
      const hit = this.#ask(node);
      if (hit) found.set(node, hit);
      else if (isOpen(node)) for (const input of new Set(node.inputs)) need(input);
    }
    const changes = this.#graph.nodes.filter(isOpen).map((node): Verdict<R> => {
      const hit = found.get(node);
      if (hit) return foundIn(node, hit);
      if (this.#needs.of(node) === 0) return { node, state: { phase: "skipped" }, hit };
      return waits(node, (input) => found.has(input));
    });
    return { changes, abandoned: this.#graph.nodes.filter((node) => this.#needs.of(node) === 0 && isAtWork(node.state)) };
  }

  /** Decides again about vertices whose keys became final since, each given once. */
  again(final: readonly Node<R>[]): Verdicts<R> {
    const verdicts = new Map<Node<R>, Verdict<R>>();
    const abandoned: Node<R>[] = [];
    const waiting: Node<R>[] = [];
    // Vertices near a target come first, because nothing below a found one is asked for.
    for (const node of final.toSorted((a, b) => b.index - a.index)) {
      if (!isOpen(node) || this.#needs.of(node) === 0) continue;
      const hit = this.#ask(node);
      if (!hit) {
        waiting.push(node);
        continue;
      }
      verdicts.set(node, foundIn(node, hit));
      for (const given of this.#giveUp(node)) {
        if (isOpen(given)) verdicts.set(given, { node: given, state: { phase: "skipped" }, hit: undefined });
        else if (isAtWork(given.state)) abandoned.push(given);
      }
    }
    const found = [...verdicts.values()].flatMap(({ node, hit }) => (hit ? [node] : []));
    for (const [node, arrived] of arrivals(found)) {
      if (verdicts.has(node) || node.state.phase !== "waiting") continue;
      verdicts.set(node, { node, state: { ...node.state, missing: node.state.missing - arrived }, hit: undefined });
    }
    const isFoundNow = (node: Node<R>) => verdicts.get(node)?.hit !== undefined;
    for (const node of waiting) verdicts.set(node, waits(node, isFoundNow));
    return { changes: inOrder(verdicts.values(), ({ node }) => node), abandoned: inOrder(abandoned, (node) => node) };
  }

  /** Looks a vertex up by its definition key, when that is final and was not asked for. */
  #ask(node: Node<R>): CachedResult<R> | undefined {
    const hit = isOpen(node) && mayAsk(node) ? this.#lookup(node, node.definitionKey) : undefined;
    if (node.keyFinal) node.asked = true;
    return hit;
  }

  /** Yields the vertices that nobody needs any more when this one does not need its inputs. */
  *#giveUp(from: Node<R>): Generator<Node<R>> {
    const open = [from];
    for (let node = open.pop(); node; node = open.pop()) {
      for (const input of new Set(node.inputs)) {
        if (this.#needs.add(input, -1) > 0) continue;
        yield input;
        if (isOpen(input)) open.push(input);
      }
    }
  }
}

/** Returns the keys by which targets are looked up first. */
export function targetKeys<R>(graph: Graph<R>): readonly CacheKey[] {
  return graph.targets.flatMap((node) => (mayAsk(node) ? [node.definitionKey] : []));
}

/** Returns true when every target is found without looking further. */
export function isFound<R>(graph: Graph<R>, lookup: Lookup<R>): boolean {
  return graph.targets.every((node) => mayAsk(node) && lookup(node, node.definitionKey) !== undefined);
}

function foundIn<R>(node: Node<R>, hit: CachedResult<R>): Verdict<R> {
  return { node, state: { phase: "resolved", by: "cache", result: hit.result, key: hit.primaryKey }, hit };
}

/** Counts the inputs without a result. `isFoundNow` returns true for those found just now. */
function waits<R>(node: Node<R>, isFoundNow: (input: Node<R>) => boolean): Verdict<R> {
  const missing = new Set(node.inputs.filter((input) => input.state.phase !== "resolved" && !isFoundNow(input))).size;
  return { node, state: { phase: "waiting", missing, keyFinal: node.keyFinal }, hit: undefined };
}

/** Returns how many of these vertices each vertex above them has as inputs. */
function arrivals<R>(found: readonly Node<R>[]): ReadonlyMap<Node<R>, number> {
  const counts = new Map<Node<R>, number>();
  for (const { users } of found) for (const user of users) counts.set(user, (counts.get(user) ?? 0) + 1);
  return counts;
}

/** Returns items with the inputs of a vertex before it. */
function inOrder<T, R>(items: Iterable<T>, nodeOf: (item: T) => Node<R>): readonly T[] {
  return [...items].sort((a, b) => nodeOf(a).index - nodeOf(b).index);
}

/** Returns true while the vertex's state can still change (idle or waiting). */
function isOpen(node: Node<unknown>): boolean {
  return node.state.phase === "idle" || node.state.phase === "waiting";
}

function mayAsk<R>(node: Node<R>): node is Node<R> & { readonly definitionKey: NonNullable<Node<R>["definitionKey"]> } {
  return node.keyFinal && !node.asked && node.definitionKey !== undefined && !node.outdated && !node.vertex.op.immediate;
}
