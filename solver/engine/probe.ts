import type { CacheKey } from "../../core/cache-key.js";
import type { Graph, Node } from "./graph.js";
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

/**
 * Decides, without running anything, which vertices have to run: the second phase. A vertex whose
 * definition key leads to a result is found, and nothing below it is needed for it; otherwise all
 * its inputs are needed in turn. Vertices that are not needed are skipped.
 *
 * A vertex whose key is not final counts as one that has to run and waits for its key. A later
 * call, when more keys are final, with no second look-up of the same key, can only find that less
 * is needed.
 */
export function probe<R>(graph: Graph<R>, lookup: (node: Node<R>, key: CacheKey) => CachedResult<R> | undefined): Verdicts<R> {
  const found = new Map<Node<R>, CachedResult<R> | "needed">();
  const open = [...graph.targets];
  for (let node = open.pop(); node; node = open.pop()) {
    if (found.has(node)) continue;
    const hit = isOpen(node) && mayAsk(node) ? lookup(node, node.definitionKey) : undefined;
    if (node.keyFinal) node.asked = true;
    found.set(node, hit ?? "needed");
    if (isOpen(node) && !hit) open.push(...new Set(node.inputs));
  }
  const changes: Verdict<R>[] = [];
  const abandoned: Node<R>[] = [];
  for (const node of graph.nodes) {
    const outcome = found.get(node);
    if (isOpen(node)) changes.push({ node, state: verdict(node, found), hit: outcome === "needed" ? undefined : outcome });
    else if (outcome === undefined && isAtWork(node.state)) abandoned.push(node);
  }
  return { changes, abandoned };
}

/** Returns true when every target is found without looking further. */
export function isFound<R>(graph: Graph<R>, lookup: Parameters<typeof probe<R>>[1]): boolean {
  return graph.targets.every((node) => mayAsk(node) && lookup(node, node.definitionKey) !== undefined);
}

function verdict<R>(node: Node<R>, found: ReadonlyMap<Node<R>, CachedResult<R> | "needed">): Verdict<R>["state"] {
  const outcome = found.get(node);
  if (outcome === undefined) return { phase: "skipped" };
  if (outcome !== "needed") return { phase: "resolved", by: "cache", result: outcome.result, key: outcome.primaryKey };
  const missing = new Set(node.inputs.filter((input) => input.state.phase !== "resolved" && found.get(input) === "needed"));
  return { phase: "waiting", missing: missing.size, keyFinal: node.keyFinal };
}

/** Returns true while the vertex's state can still change (idle or waiting). */
function isOpen(node: Node<unknown>): boolean {
  return node.state.phase === "idle" || node.state.phase === "waiting";
}

function mayAsk<R>(node: Node<R>): node is Node<R> & { readonly definitionKey: NonNullable<Node<R>["definitionKey"]> } {
  return node.keyFinal && !node.asked && node.definitionKey !== undefined && !node.outdated && !node.vertex.op.immediate;
}
