import type { Graph, Node } from "./graph.js";
import type { CacheKey } from "../../core/cache-key.js";
import type { CachedResult } from "./op.js";
import type { VertexState } from "./vertex-state.js";

/** What a vertex becomes after the cache was asked, from the targets backwards. */
export interface Verdict<R> {
  readonly node: Node<R>;
  readonly state: Extract<VertexState<R>, { phase: "waiting" | "skipped" | "resolved" }>;
  /** With the state `resolved`. */
  readonly hit: CachedResult<R> | undefined;
}

/**
 * Second phase: decides, without running anything, what has to run. A vertex whose definition key leads to a result is found, and nothing
 * below it is looked at for its sake; otherwise all its inputs are asked for in turn. What nobody asked for is skipped.
 * Verdicts come inputs first.
 */
export function probe<R>(graph: Graph<R>, lookup: (node: Node<R>, key: CacheKey) => CachedResult<R> | undefined): readonly Verdict<R>[] {
  const found = new Map<Node<R>, CachedResult<R> | "needed">();
  const open = [...graph.targets];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.state.phase !== "idle" || found.has(node)) continue;
    const hit = mayUse(node) ? lookup(node, node.definitionKey) : undefined;
    found.set(node, hit ?? "needed");
    if (!hit) open.push(...new Set(node.inputs));
  }
  const verdicts: Verdict<R>[] = [];
  for (const node of graph.nodes) {
    if (node.state.phase !== "idle") continue;
    const outcome = found.get(node);
    verdicts.push({ node, state: verdict(node, found), hit: outcome === "needed" ? undefined : outcome });
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
