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

/** A graph among those that are solved together, and what its build knows of earlier ones. */
export interface ExplainedGraph {
  /** Vertices, inputs before their users. */
  readonly order: readonly Vertex[];
  readonly past: ExplainContext;
}

/**
 * Returns the cache of a solve that records data for later explanations, and the explainer of this
 * solve. A vertex that several graphs have belongs to the first; all have the same results.
 */
export function explainedCache(
  graphs: readonly [ExplainedGraph, ...ExplainedGraph[]],
  store: Pick<Store, "locks">,
  { explain, onEvent, foreignResults }: ExplainedCacheOptions,
): { readonly cache: StoreCache<StepResult>; readonly onDecision: (decision: Decision<StepResult>) => void } {
  const owned = new Map<string, { readonly vertex: Vertex; readonly graph: ExplainedGraph }>();
  for (const graph of graphs.toReversed()) for (const vertex of graph.order) owned.set(vertex.digest, { vertex, graph });
  const { results, selections } = graphs[0].past;
  const ownerOf = (id: string): { readonly vertex: Vertex; readonly graph: ExplainedGraph } => {
    const owner = owned.get(id);
    if (!owner) throw new Error(`internal: vertex ${id} is not in the graph`);
    return owner;
  };
  // A step for another platform is another step, although it has the same name.
  const platformOf = (id: string): string => owned.get(id)?.vertex.platform ?? "";
  const cache = storeCache(
    { results, locks: store.locks },
    {
      notes: (id) => {
        const { build, projects } = ownerOf(id).graph.past.provenance;
        return { origin: `${projects.own} ${platformOf(id)}`, ...(build === undefined ? {} : { build }) };
      },
      ...(foreignResults && { foreignResults }),
      onSaved: ({ inputs }: KeyComponents) => selections.keep(inputs.flatMap(({ key }) => contentDigests(key) ?? [])),
    },
  );
  const nearest = new Map(
    graphs.map(({ order, past }) => {
      const { provenance, importedRuns } = past;
      const steps = order.map(({ metadata }) => metadata.step);
      return [past, new NearestRuns({ results, projects: provenance.projects, build: provenance.build, importedRuns, steps })] as const;
    }),
  );
  const nothing = { run: undefined, last: undefined };
  const explainer = new DecisionExplainer<StepResult>({
    results,
    selections,
    hiddenBy: (id, path) => {
      const owner = owned.get(id);
      const local = localOf(owner?.vertex.op);
      return local && owner?.graph.past.hiddenBy(local.name, path);
    },
    onEvent,
    skipped: explain,
    past: ({ id }) => {
      const { vertex, graph } = ownerOf(id);
      return nearest.get(graph.past)?.find(vertex.metadata.step, platformOf(id)) ?? nothing;
    },
    step: (id) => {
      const { step, args = [], ignoreReason } = ownerOf(id).vertex.metadata;
      return { step, args, ignoreReason };
    },
    record: (hit) => cache.record(hit),
  });
  return { cache, onDecision: explainer.decided };
}
