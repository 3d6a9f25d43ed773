import type { EventSink } from "../../core/events.js";
import { localOf } from "../../llb/sources/source.js";
import type { Vertex } from "../../llb/vertex.js";
import { type StoreCache, type StoreCacheOptions, storeCache } from "../cache-adapter.js";
import type { ExplainContext } from "./earlier-builds.js";
import type { Store } from "../../cache/store.js";
import type { Decision, KeyComponents } from "../engine/op.js";
import type { StepResult } from "../result.js";
import { contentDigests } from "./components.js";
import { DecisionExplainer } from "./explain.js";
import { NearestRuns } from "./nearest.js";

interface ExplainedCacheOptions {
  /** True explains steps that are not even looked up, too. */
  readonly explain: boolean;
  readonly onEvent: EventSink;
  /** Foreign results, see {@link StoreCacheOptions}. */
  readonly foreignResults: StoreCacheOptions["foreignResults"];
}

/**
 * Returns the cache of a solve that records data for later explanations, and the explainer of this
 * solve.
 */
export function explainedCache(
  order: readonly Vertex[],
  { store, past }: { readonly store: Pick<Store, "locks">; readonly past: ExplainContext },
  { explain, onEvent, foreignResults }: ExplainedCacheOptions,
): { readonly cache: StoreCache<StepResult>; readonly onDecision: (decision: Decision<StepResult>) => void } {
  const vertices = new Map<string, Vertex>(order.map((vertex) => [vertex.digest, vertex]));
  const { results, provenance, selections, hiddenBy, importedRuns } = past;
  const { build } = provenance;
  const vertexOf = (id: string): Vertex => {
    const vertex = vertices.get(id);
    if (!vertex) throw new Error(`internal: vertex ${id} is not in the graph`);
    return vertex;
  };
  // A step for another platform is another step, although it has the same name.
  const platformOf = (id: string): string => vertices.get(id)?.platform ?? "";
  const cache = storeCache(
    { results, locks: store.locks },
    {
      notes: (id) => ({ origin: `${provenance.projects.own} ${platformOf(id)}`, ...(build === undefined ? {} : { build }) }),
      ...(foreignResults && { foreignResults }),
      onSaved: ({ inputs }: KeyComponents) => selections.keep(inputs.flatMap(({ key }) => contentDigests(key) ?? [])),
    },
  );
  const nearest = new NearestRuns({
    results,
    projects: provenance.projects,
    build,
    importedRuns,
    steps: order.map(({ metadata }) => metadata.step),
  });
  const explainer = new DecisionExplainer<StepResult>({
    results,
    selections,
    hiddenBy: (id, path) => {
      const local = localOf(vertices.get(id)?.op);
      return local && hiddenBy(local.name, path);
    },
    onEvent,
    skipped: explain,
    past: (vertex) => nearest.find(vertexOf(vertex.id).metadata.step, platformOf(vertex.id)),
    step: (id) => {
      const { step, args = [], ignoreReason } = vertexOf(id).metadata;
      return { step, args, ignoreReason };
    },
    record: (hit) => cache.record(hit),
  });
  return { cache, onDecision: explainer.decided };
}
