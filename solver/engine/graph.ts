import type { CacheKey } from "../../core/cache-key.js";
import type { EngineVertex } from "./op.js";
import { IDLE, type VertexState } from "./vertex-state.js";

/**
 * A vertex within one solve: its fixed place in the graph, and the findings of the solve about it.
 */
export interface Node<R> {
  readonly vertex: EngineVertex<R>;
  /** Index in an order that has inputs before their users. */
  readonly index: number;
  readonly inputs: readonly Node<R>[];
  /** Every node that has this one among its inputs, once each. */
  readonly users: readonly Node<R>[];
  readonly ignoreCache: boolean;
  readonly maxAge: number | undefined;
  /**
   * True when it or anything below it ignores the cache, or something below it may expire: its
   * definition key is then of no use.
   */
  readonly outdated: boolean;
  /** Edges on the longest way up to a target. Vertices far from the end run first. */
  readonly height: number;

  state: VertexState<R>;
  /** True when its cached result is too old and has to be made again. */
  expired: boolean;
  /** True when nothing can change its definition key any more. */
  keyFinal: boolean;
  /** True when the cache was asked by its definition key. */
  asked: boolean;
  /** True when no vertex needs it any more, although work for it runs. */
  abandoned: boolean;
  /** True when the goals that need it have failed. */
  lost: boolean;
  identity: string | undefined;
  definitionKey: CacheKey | undefined;
  /** Content digests of the op's selections from its inputs, by index, as far as they are known. */
  readonly digests: (string | undefined)[];
}

export interface Graph<R> {
  /** Nodes, inputs before their users. */
  readonly nodes: readonly Node<R>[];
  readonly targets: readonly Node<R>[];
}

/** A number for each vertex of a graph, 0 at first. */
export class Counts {
  readonly #numbers: Uint32Array;

  constructor(vertices: number) {
    this.#numbers = new Uint32Array(vertices);
  }

  of({ index }: Pick<Node<unknown>, "index">): number {
    return this.#numbers[index] ?? 0;
  }

  /** Returns the new number. */
  add(node: Pick<Node<unknown>, "index">, change: number): number {
    return (this.#numbers[node.index] = this.of(node) + change);
  }
}

type Building<R> = { -readonly [K in keyof Node<R>]: Node<R>[K] } & { readonly inputs: Node<R>[]; readonly users: Building<R>[] };

/**
 * Builds the graph below the targets. Vertices with equal ids become one node. Works without
 * recursion, for chains of any length.
 */
export function buildGraph<R>(targets: readonly EngineVertex<R>[]): Graph<R> {
  const nodes: Building<R>[] = [];
  const byId = new Map<string, Building<R>>();
  const rules = cacheRules(targets);
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
      const node = makeNode(top.vertex, nodes.length, byId, rules);
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
  rules: ReadonlyMap<string, CacheRule>,
): Building<R> {
  const inputs = vertex.inputs.map((input) => byId.get(input.id) as Building<R>);
  // A vertex that needs no work is never taken from the cache, so there is nothing to ignore.
  const { ignoreCache = false, maxAge } = vertex.op.immediate ? {} : (rules.get(vertex.id) ?? {});
  const node: Building<R> = {
    vertex,
    index,
    inputs,
    users: [],
    ignoreCache,
    maxAge,
    outdated: ignoreCache || inputs.some((input) => input.outdated || input.maxAge !== undefined),
    height: 0,
    state: IDLE,
    expired: false,
    keyFinal: false,
    asked: false,
    abandoned: false,
    lost: false,
    identity: undefined,
    definitionKey: undefined,
    digests: inputs.map(() => undefined),
  };
  for (const input of new Set(inputs)) input.users.push(node);
  return node;
}

interface CacheRule {
  readonly ignoreCache: boolean;
  readonly maxAge: number | undefined;
}

/**
 * Returns the cache rules by id. Equal vertices may differ beside their meaning: the strictest rule
 * decides for all.
 */
function cacheRules<R>(targets: readonly EngineVertex<R>[]): ReadonlyMap<string, CacheRule> {
  const rules = new Map<string, CacheRule>();
  const seen = new Set<EngineVertex<R>>(targets);
  for (const vertex of seen) {
    for (const input of vertex.inputs) seen.add(input);
    if (!vertex.ignoreCache && vertex.maxAge === undefined) continue;
    const other = rules.get(vertex.id);
    const maxAge = Math.min(vertex.maxAge ?? Infinity, other?.maxAge ?? Infinity);
    rules.set(vertex.id, {
      ignoreCache: vertex.ignoreCache || (other?.ignoreCache ?? false),
      maxAge: maxAge === Infinity ? undefined : maxAge,
    });
  }
  return rules;
}
