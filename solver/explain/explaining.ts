import type { EventSink } from "../../core/events.js";
import type { Vertex } from "../../llb/vertex.js";
import { type StoreCache, storeCache } from "../cache-adapter.js";
import type { SolverContext } from "../context.js";
import type { Decision, KeyComponents } from "../engine/op.js";
import type { StepResult } from "../result.js";
import { contentDigests } from "./components.js";
import { Explainer } from "./explainer.js";

/** The cache of a solve that records what later explanations need, and who explains this one. */
export function explaining(
  order: readonly Vertex[],
  { layers: { store }, results, provenance, selections }: Pick<SolverContext, "layers" | "results" | "provenance" | "selections">,
  { explain, onEvent }: { readonly explain: boolean; readonly onEvent: EventSink },
): { readonly cache: StoreCache<StepResult>; readonly onDecision: (decision: Decision<StepResult>) => void } {
  const vertices = new Map<string, Vertex>(order.map((vertex) => [vertex.digest, vertex]));
  const { build } = provenance;
  // A step for another platform is another step, although it has the same name.
  const originOf = (id: string): string => `${provenance.origin} ${vertices.get(id)?.platform ?? ""}`;
  const cache = storeCache(
    { results, locks: store.locks },
    {
      notes: (id) => ({ origin: originOf(id), ...(build === undefined ? {} : { build }) }),
      onSaved: ({ inputs }: KeyComponents) => selections.keep(inputs.flatMap(({ key }) => contentDigests(key) ?? [])),
    },
  );
  const explainer = new Explainer<StepResult>({
    results,
    selections,
    onEvent,
    skipped: explain,
    build,
    step: (id) => {
      const { args = [], ignoreReason } = vertices.get(id)?.metadata ?? {};
      return { origin: originOf(id), args, ignoreReason };
    },
    earlier: provenance.earlier,
    record: (hit) => cache.record(hit),
  });
  return { cache, onDecision: explainer.decided };
}
