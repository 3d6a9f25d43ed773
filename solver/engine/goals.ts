import type { Graph, Node } from "./graph.js";
import { solvedVertex } from "./keys.js";
import type { EngineVertex, SolvedVertex } from "./op.js";
import type { Session } from "./session.js";

/**
 * Vertices of one graph that are wanted together. Each goal ends as soon as its own vertices do.
 */
export interface Goal<R> {
  readonly vertices: readonly EngineVertex<R>[];
  /**
   * Called once the vertices have results, with those of everything below them, and with the
   * vertices that have keys, inputs first.
   */
  readonly onResolved: (results: ReadonlyMap<string, R>, solved: readonly SolvedVertex<R>[]) => void;
  /** Called with the error that ended it. `vertex` is the one that failed, if one did. */
  readonly onFailed: (error: unknown, vertex: string | undefined) => void;
}

interface GoalsOptions<R> {
  readonly graph: Graph<R>;
  readonly session: Session<R>;
  readonly goals: readonly Goal<R>[];
  readonly keepGoing: boolean;
}

interface OpenGoal<R> {
  readonly goal: Goal<R>;
  readonly targets: readonly Node<R>[];
  /** Vertices of the goal, and everything below them. */
  readonly nodes: ReadonlySet<Node<R>>;
}

/**
 * The goals of a solve. With `keepGoing`, a failure ends the goals that need the failed vertex, and
 * the work that only they need; otherwise it ends all.
 */
export class Goals<R> {
  readonly #session: Session<R>;
  readonly #graph: Graph<R>;
  readonly #keepGoing: boolean;
  readonly #open = new Set<OpenGoal<R>>();

  constructor({ graph, session, goals, keepGoing }: GoalsOptions<R>) {
    this.#graph = graph;
    this.#session = session;
    this.#keepGoing = keepGoing;
    const byId = new Map(graph.nodes.map((node) => [node.vertex.id, node]));
    for (const goal of goals) {
      const targets = goal.vertices.flatMap(({ id }) => byId.get(id) ?? []);
      this.#open.add({ goal, targets, nodes: withInputs(targets) });
    }
    session.listen({ resolved: (node) => this.#resolved(node), failed: (node, error) => this.#failed(node, error) });
    for (const open of this.#open) if (open.targets.length === 0) this.#reach(open);
  }

  /** Ends all goals that are open when the solve has failed. */
  fail(error: unknown, vertex: string | undefined): void {
    for (const { goal } of this.#open) goal.onFailed(error, vertex);
    this.#open.clear();
  }

  #resolved(node: Node<R>): void {
    for (const open of this.#open) {
      if (open.targets.includes(node) && open.targets.every(({ state }) => state.phase === "resolved")) this.#reach(open);
    }
  }

  /** Reports a goal once the decisions that are being made have been followed. */
  #reach(open: OpenGoal<R>): void {
    this.#session.scope.run(async () => {
      await Promise.resolve();
      if (!this.#open.delete(open)) return;
      const nodes = this.#graph.nodes.filter((node) => open.nodes.has(node));
      open.goal.onResolved(
        new Map(nodes.flatMap(({ vertex, state }) => (state.phase === "resolved" ? [[vertex.id, state.result] as const] : []))),
        nodes.flatMap((node) => solvedVertex(node) ?? []),
      );
    });
  }

  /** Returns true when the solve goes on without the goals that need a failed vertex. */
  #failed(node: Node<R>, error: unknown): boolean {
    const lost = [...this.#open].filter(({ nodes }) => nodes.has(node));
    if (!this.#keepGoing || lost.length === this.#open.size) return false;
    for (const open of lost) {
      this.#open.delete(open);
      open.goal.onFailed(error, node.vertex.id);
    }
    const needed = new Set([...this.#open].flatMap(({ nodes }) => [...nodes]));
    for (const { nodes } of lost) for (const other of nodes) if (!needed.has(other)) this.#session.lose(other);
    return true;
  }
}

function withInputs<R>(targets: readonly Node<R>[]): ReadonlySet<Node<R>> {
  const nodes = new Set(targets);
  for (const node of nodes) for (const input of node.inputs) nodes.add(input);
  return nodes;
}
