import type { Graph, Node } from "./graph.js";
import type { CachedResult, EngineCache } from "./op.js";
import type { VertexState } from "./vertex-state.js";

/** What a vertex becomes after the cache was asked, from the targets backwards. */
export interface Verdict<R> {
  readonly node: Node<R>;
  readonly state: Extract<VertexState<R>, { phase: "waiting" | "skipped" | "resolved" }>;
}

/**
 * Second phase: decides, without running anything, what has to run. A vertex whose definition key leads to a result is found, and nothing
 * below it is looked at for its sake; otherwise all its inputs are asked for in turn. What nobody asked for is skipped.
 * Verdicts come inputs first.
 */
export function probe<R>(graph: Graph<R>, cache: Pick<EngineCache<R>, "lookup">): readonly Verdict<R>[] {
  const found = new Map<Node<R>, CachedResult<R> | "needed">();
  const open = [...graph.targets];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.state.phase !== "idle" || found.has(node)) continue;
    const hit = mayUse(node) ? cache.lookup(node.definitionKey) : undefined;
    found.set(node, hit ?? "needed");
    if (!hit) open.push(...new Set(node.inputs));
  }
  const verdicts: Verdict<R>[] = [];
  for (const node of graph.nodes) {
    if (node.state.phase !== "idle") continue;
    verdicts.push({ node, state: verdict(node, found) });
  }
  return verdicts;
}

function verdict<R>(node: Node<R>, found: ReadonlyMap<Node<R>, CachedResult<R> | "needed">): Verdict<R>["state"] {
  const outcome = found.get(node);
  if (outcome === undefined) return { phase: "skipped" };
  if (outcome !== "needed") return { phase: "resolved", by: "cache", result: outcome.result, key: outcome.primaryKey };
  const missing = new Set(node.inputs.filter((input) => found.get(input) === "needed"));
  return { phase: "waiting", missing: missing.size };
}

function mayUse<R>(node: Node<R>): node is Node<R> & { readonly definitionKey: NonNullable<Node<R>["definitionKey"]> } {
  return node.definitionKey !== undefined && !node.outdated && !node.vertex.op.immediate;
}
