import type { CacheKey } from "../../core/cache-key.js";
import type { EngineVertex } from "./op.js";
import { IDLE, type VertexState } from "./vertex-state.js";

/** A vertex within one solve: its place in the graph, which is fixed, and what the solve has found out about it. */
export interface Node<R> {
  readonly vertex: EngineVertex<R>;
  /** Place in an order that has inputs before their users. */
  readonly index: number;
  readonly inputs: readonly Node<R>[];
  /** Every node that has this one among its inputs, once each. */
  readonly users: readonly Node<R>[];
  readonly ignoreCache: boolean;
  /** Whether it or anything below it ignores the cache: what its definition key led to is then of no use. */
  readonly outdated: boolean;
  /** Edges on the longest way up to a target: what is far from the end is run first. */
  readonly height: number;

  state: VertexState<R>;
  identity: string | undefined;
  definitionKey: CacheKey | undefined;
  /** Content digests of what the op selects from its inputs, by index, as far as they are known. */
  readonly digests: (string | undefined)[];
}

export interface Graph<R> {
  /** Inputs before their users. */
  readonly nodes: readonly Node<R>[];
  readonly targets: readonly Node<R>[];
}

type Building<R> = { -readonly [K in keyof Node<R>]: Node<R>[K] } & { readonly inputs: Node<R>[]; readonly users: Building<R>[] };

/** The graph below the targets; vertices with equal ids become one node. Works without recursion, for chains of any length. */
export function buildGraph<R>(targets: readonly EngineVertex<R>[]): Graph<R> {
  const nodes: Building<R>[] = [];
  const byId = new Map<string, Building<R>>();
  const ignored = ignoredIds(targets);
  for (const target of targets) {
    const stack: { readonly vertex: EngineVertex<R>; next: number }[] = [{ vertex: target, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as (typeof stack)[number];
      const input = top.vertex.inputs[top.next++];
      if (input) {
        if (!byId.has(input.id)) stack.push({ vertex: input, next: 0 });
        continue;
      }
      stack.pop();
      if (byId.has(top.vertex.id)) continue;
      const node = makeNode(top.vertex, nodes.length, byId, ignored);
      byId.set(node.vertex.id, node);
      nodes.push(node);
    }
  }
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as Building<R>;
    for (const user of node.users) node.height = Math.max(node.height, user.height + 1);
  }
  return { nodes, targets: [...new Set(targets.map((target) => byId.get(target.id) as Node<R>))] };
}

function makeNode<R>(
  vertex: EngineVertex<R>,
  index: number,
  byId: ReadonlyMap<string, Building<R>>,
  ignored: ReadonlySet<string>,
): Building<R> {
  const inputs = vertex.inputs.map((input) => byId.get(input.id) as Building<R>);
  // What needs no work is never taken from the cache, so there is nothing to ignore.
  const ignoreCache = ignored.has(vertex.id) && !vertex.op.immediate;
  const node: Building<R> = {
    vertex,
    index,
    inputs,
    users: [],
    ignoreCache,
    outdated: ignoreCache || inputs.some((input) => input.outdated),
    height: 0,
    state: IDLE,
    identity: undefined,
    definitionKey: undefined,
    digests: inputs.map(() => undefined),
  };
  for (const input of new Set(inputs)) input.users.push(node);
  return node;
}

/** Equal vertices may differ in what is beside their meaning: one that ignores the cache decides for all. */
function ignoredIds<R>(targets: readonly EngineVertex<R>[]): ReadonlySet<string> {
  const ignored = new Set<string>();
  const seen = new Set<EngineVertex<R>>(targets);
  for (const vertex of seen) {
    if (vertex.ignoreCache) ignored.add(vertex.id);
    for (const input of vertex.inputs) seen.add(input);
  }
  return ignored;
}
