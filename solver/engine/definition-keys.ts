import { allEnded } from "../../core/tasks/all-ended.js";
import { Counts, type Graph, type Node } from "./graph.js";
import { setDefinitionKey } from "./keys.js";
import type { OpContext } from "./op.js";
import type { Session } from "./session.js";

/**
 * First phase: every key that needs no run. Asks for all identities at once. Immediate vertices
 * without identity return their results at once, too. A selection from such a result is digested as
 * soon as the result is there, so that the content of a local directory takes part in definition
 * keys. A vertex's key is final when nothing in this phase can change it any more: its own
 * questions and all below are answered.
 */
export class DefinitionKeys<R> {
  readonly #session: Session<R>;
  /** Running questions, by the vertex whose key they are for. */
  readonly #open = new Map<Node<R>, number>();
  /** Number of a vertex's inputs whose keys are not final. */
  readonly #below: Counts;
  #undecided: number;
  #underWay = 0;
  #finish: (() => void) | undefined;
  #listener: ((final: readonly Node<R>[]) => void) | undefined;
  /** Vertices whose keys are final, and that the listener does not know of. */
  #unannounced: Node<R>[] = [];

  /** Asks all questions. */
  constructor(graph: Graph<R>, session: Session<R>) {
    this.#session = session;
    this.#undecided = graph.nodes.length;
    this.#below = new Counts(graph.nodes.length);
    for (const node of graph.nodes) for (const user of node.users) this.#below.add(user, 1);
    for (const node of graph.nodes) {
      this.#ask(node, async (context) => {
        node.identity = await node.vertex.op.identity(context);
        if (node.identity === undefined && node.vertex.op.immediate) await this.#resolveImmediate(node);
      });
    }
  }

  /**
   * Resolves when every question is answered, which is at once after a failure, or when `grace` has
   * passed.
   */
  async answered(grace: Grace): Promise<void> {
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = grace(resolve);
      this.#finish = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Calls `listener` with the vertices whose keys become final from now on, each once. */
  onKeysFinal(listener: (final: readonly Node<R>[]) => void): void {
    if (this.#undecided > 0) this.#listener = listener;
  }

  #ask(node: Node<R>, question: (context: OpContext) => Promise<void>): void {
    if (this.#session.scope.failed) return;
    this.#underWay++;
    this.#open.set(node, (this.#open.get(node) ?? 0) + 1);
    this.#session.work(node, async (context) => {
      try {
        await question(context);
        this.#answer(node);
      } finally {
        if (--this.#underWay === 0) this.#finish?.();
      }
    });
  }

  /**
   * Marks the vertex's key as final, when that was its last question, and then the vertices that
   * waited for it.
   */
  #answer(node: Node<R>): void {
    this.#open.set(node, (this.#open.get(node) ?? 0) - 1);
    const open = [node];
    for (let next = open.pop(); next; next = open.pop()) {
      if (next.keyFinal || (this.#open.get(next) ?? 0) > 0 || this.#below.of(next) > 0) continue;
      setDefinitionKey(next);
      next.keyFinal = true;
      this.#undecided--;
      this.#notify(next);
      for (const user of next.users) {
        this.#below.add(user, -1);
        open.push(user);
      }
    }
  }

  /** Calls the listener once for all keys that become final together. */
  #notify(node: Node<R>): void {
    if (!this.#listener) return;
    this.#unannounced.push(node);
    if (this.#unannounced.length > 1) return;
    this.#session.scope.run(async () => {
      await Promise.resolve();
      this.#listener?.(this.#unannounced.splice(0));
    });
  }

  async #resolveImmediate(node: Node<R>): Promise<void> {
    const { op } = node.vertex;
    const session = this.#session;
    if (!op.immediate || session.scope.failed) return;
    session.move(node, { phase: "running" });
    session.reporter.started(node);
    const result = await op.immediate(session.context(node));
    session.resolve(node, { by: "immediate", result, key: undefined });
    for (const user of node.users) this.#ask(user, () => digestSelected(user, session, (input) => input === node));
  }
}

/** Calls `then` once its time has passed. Returns a function that cancels that. */
export type Grace = (then: () => void) => () => void;

/**
 * Asks for the unknown content digests of those inputs that the op selects from and `which`
 * accepts.
 */
export async function digestSelected<R>(
  node: Node<R>,
  session: Session<R>,
  which: (input: Node<R>) => boolean = () => true,
): Promise<void> {
  const { op } = node.vertex;
  if (!op.selects || !op.contentDigest) return;
  const asked: Promise<void>[] = [];
  for (const [index, input] of node.inputs.entries()) {
    if (input.state.phase !== "resolved" || node.digests[index] !== undefined || !which(input) || !op.selects(index)) continue;
    const asking = op.contentDigest(index, input.state.result, session.context(node));
    asked.push(
      asking.then((digest) => {
        node.digests[index] = digest;
      }),
    );
  }
  // All of them end before the failure of one counts: nothing is left running behind it.
  await allEnded(asked);
}
