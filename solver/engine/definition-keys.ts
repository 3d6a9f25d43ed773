import type { Graph, Node } from "./graph.js";
import { setDefinitionKey } from "./keys.js";
import type { Session } from "./session.js";

/**
 * First phase: every key that needs no run. Identities are asked all at once; immediate vertices without identity give their results at
 * once too, and what is selected from them is digested as soon as each is there, so that the content of a local directory takes part in
 * definition keys.
 */
export async function computeDefinitionKeys<R>(graph: Graph<R>, session: Session<R>): Promise<void> {
  for (const node of graph.nodes) {
    session.work(node, async (context) => {
      node.identity = await node.vertex.op.identity(context);
      if (node.identity === undefined && node.vertex.op.immediate) await resolveImmediate(node, session);
    });
  }
  await session.scope.join();
  for (const node of graph.nodes) setDefinitionKey(node);
}

async function resolveImmediate<R>(node: Node<R>, session: Session<R>): Promise<void> {
  const { op } = node.vertex;
  if (!op.immediate || session.scope.failed) return;
  session.move(node, { phase: "running" });
  session.reporter.started(node);
  const result = await op.immediate(session.context(node));
  session.resolve(node, { by: "immediate", result, key: undefined });
  for (const user of node.users) session.work(user, () => digestSelected(user, session, (input) => input === node));
}

/** Asks for the content digests that are not known yet, of those inputs that the op selects from and `which` holds for. */
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
  const failure = (await Promise.allSettled(asked)).find((outcome) => outcome.status === "rejected");
  if (failure) throw failure.reason;
}
