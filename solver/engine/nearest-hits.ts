import type { Node } from "./graph.js";
import type { EngineVertex } from "./op.js";

/**
 * Finds, for vertices that nobody asked for, the vertex above them that was found in the cache. All
 * are decided together, each by its users, when the first is asked for: a search for each vertex
 * would go through the same chain again and again.
 */
export class NearestHits<R> {
  readonly #nodes: readonly Node<R>[];
  readonly #hits: ReadonlySet<Node<R>>;
  #nearest: ReadonlyMap<Node<R>, NearHit<R>> | undefined;

  /** `nodes`: the vertices that are decided together, inputs before their users. */
  constructor(nodes: readonly Node<R>[], hits: ReadonlySet<Node<R>>) {
    this.#nodes = nodes;
    this.#hits = hits;
  }

  /** Returns the nearest vertex above that was found. */
  vertexOf(node: Node<R>): EngineVertex<R> | undefined {
    this.#nearest ??= this.#decide();
    return this.#nearest.get(node)?.vertex;
  }

  #decide(): ReadonlyMap<Node<R>, NearHit<R>> {
    const nearest = new Map<Node<R>, NearHit<R>>();
    for (const node of this.#nodes.toReversed()) {
      let best: NearHit<R> | undefined;
      for (const user of node.users) {
        const cover = this.#hits.has(user) ? { vertex: user.vertex, distance: 0 } : nearest.get(user);
        if (cover && (!best || cover.distance + 1 < best.distance)) best = { vertex: cover.vertex, distance: cover.distance + 1 };
      }
      if (best) nearest.set(node, best);
    }
    return nearest;
  }
}

interface NearHit<R> {
  readonly vertex: EngineVertex<R>;
  /** Edges up to it. */
  readonly distance: number;
}
