import { availableParallelism } from "node:os";
import type { Digest } from "../core/digest.js";
import { stepsForDescriptors } from "../core/system/descriptors.js";
import { TsbuildError } from "../core/errors.js";
import { stepName } from "../core/step.js";
import { topological, type Vertex } from "../llb/vertex.js";
import type { ForeignResults, KeySource } from "./buildkit-keys/foreign-records.js";
import { requireDevices, requireEntitlements } from "./entitlements.js";
import type { SolverPorts } from "./ports.js";
import type { Goal } from "./engine/goals.js";
import type { EngineVertex } from "./engine/op.js";
import type { MadeNow } from "./engine/made-now.js";
import type { Jobs, Pools } from "./engine/pools.js";
import { solve } from "./engine/solve.js";
import type { TraceRecord } from "./engine/trace.js";
import { type ExplainedGraph, explainedCache } from "./explain/explained-cache.js";
import { eventsByPart, type GraphPart, ordered, portsByVertex } from "./graph-parts.js";
import { layerForms } from "./layer-forms.js";
import { withErrorPlace } from "./ops/error-place.js";
import { implement } from "./ops/table.js";
import { SCRATCH, type StepResult } from "./result.js";

/** Options of the solve of one graph or of several. */
export interface SolveGraphsOptions {
  /** Sandboxes that run at once. */
  readonly jobs: number;
  /** Places that several solves share; then `jobs` does nothing. */
  readonly pools?: Pools | undefined;
  /**
   * Called when the store alone does not have the targets: loads the keys of other caches. Resolves
   * to those that are searched as BuildKit does.
   */
  readonly extend?: () => Promise<readonly KeySource[]>;
  readonly signal: AbortSignal;
  readonly onTrace?: ((record: TraceRecord) => void) | undefined;
  /** Solves that share it run a step that ignores the cache once for all of them. */
  readonly madeNow?: MadeNow | undefined;
  /** True goes on after a failure with the graphs that do not need the failed vertex. */
  readonly keepGoing?: boolean;
  /** Ports of the vertices of earlier solves; those of this one are added. */
  readonly home?: Map<Digest, SolverPorts>;
}

/** A graph that is solved with others. */
export interface JoinedPart extends GraphPart {
  /** Called with the root filesystem of each target, in order, as soon as all have one. */
  readonly onResults: (results: readonly StepResult[]) => void;
  /** Called with the error that ended it, and with the step that failed, if one did. */
  readonly onFailed: (error: unknown, step: Digest | undefined) => void;
}

/**
 * Solves a graph. Returns the root filesystem of each target, in order. Throws `build/not-allowed`
 * before anything else.
 */
export async function solveGraph(part: GraphPart, options: SolveGraphsOptions): Promise<readonly StepResult[]> {
  const order = topological(part.targets);
  requireEntitlements(order, part.granted);
  await requireDevices(order, part.granted);
  let results: readonly StepResult[] = [];
  await solveGraphs([{ ...part, onResults: (found) => (results = found), onFailed: () => {} }], options);
  return results;
}

/** Returns jobs that run at once in the pools of the engine. */
export function jobsOf(jobs: number): Jobs {
  return {
    // Computed when the first step is to run.
    get run() {
      return Math.min(jobs, stepsForDescriptors());
    },
    io: Math.max(4, availableParallelism()),
  };
}

/**
 * Solves several graphs as one. A vertex that several have runs once, with the ports of the first.
 * Each graph ends as soon as its own targets do. The first failure ends all that are open, and is
 * thrown once nothing runs any more; with `keepGoing` only when no graph is left.
 */
export async function solveGraphs(given: readonly [JoinedPart, ...JoinedPart[]], options: SolveGraphsOptions): Promise<void> {
  const [first, ...others] = ordered(given);
  if (!first) return;
  const parts = [first, ...others] as const;
  const order = others.length === 0 ? first.order : topological(parts.flatMap(({ targets }) => targets));
  const ports = portsByVertex(parts, options.home);
  const vertices = engineVertices(order, layerForms(parts), ports);
  const onEvent = eventsByPart(parts);
  const foreign = foreignSearch(order, first.ports, options);
  const graphs = parts.map((part): ExplainedGraph => ({ order: part.order, past: part.ports.past }));
  const goals = parts.map(
    (part): Goal<StepResult> => ({
      vertices: part.targets.flatMap((target) => (target ? [known(vertices, target.vertex.digest)] : [])),
      onResolved(results, solved) {
        part.onSolved?.(solved, foreign.results());
        part.onResults(part.targets.map((target) => (target ? resultOf(results, target.vertex.digest) : SCRATCH)));
      },
      onFailed(error, id) {
        const vertex = id === undefined ? undefined : order.find(({ digest }) => digest === id);
        addPlace(error, vertex);
        part.onFailed(error, vertex?.digest);
      },
    }),
  );
  const { signal, onTrace } = options;
  await solve(
    goals.flatMap((goal) => goal.vertices),
    {
      ...explainedCache([graphs[0] as ExplainedGraph, ...graphs.slice(1)], first.ports.layers.store, {
        explain: parts.some(({ explain }) => explain),
        onEvent,
        foreignResults: (key, id) => foreign.results()(key, id),
      }),
      goals,
      keepGoing: options.keepGoing ?? false,
      jobs: jobsOf(options.jobs),
      pools: options.pools,
      signal,
      onEvent,
      madeNow: options.madeNow,
      ...(onTrace && { onTrace }),
      ...(foreign.extend && { extend: foreign.extend }),
    },
  );
}

function resultOf(results: ReadonlyMap<string, StepResult>, digest: Digest): StepResult {
  const result = results.get(digest);
  if (!result) throw new Error(`internal: target ${digest} has no result`);
  return result;
}

/** Returns the engine's vertex of each vertex of the graph. `order` has inputs first. */
function engineVertices(
  order: readonly Vertex[],
  forms: ReturnType<typeof layerForms>,
  ports: ReadonlyMap<Digest, SolverPorts>,
): ReadonlyMap<Digest, EngineVertex<StepResult>> {
  const vertices = new Map<Digest, EngineVertex<StepResult>>();
  for (const vertex of order) {
    const { digest, inputs, metadata, op } = vertex;
    const form = forms.get(digest);
    const own = ports.get(digest);
    if (!form || !own) throw new Error(`internal: vertex ${digest} has no form`);
    vertices.set(digest, {
      id: digest,
      name: stepName(metadata.step),
      inputs: inputs.map((edge) => known(vertices, edge.vertex.digest)),
      op: withErrorPlace(implement(vertex, form, own), vertex),
      ignoreCache: metadata.ignoreCache ?? false,
      ...(metadata.maxAge === undefined ? {} : { maxAge: metadata.maxAge }),
      pool: op.kind === "exec" ? "run" : "io",
    });
  }
  return vertices;
}

/** Search for results in the caches of other builders. */
interface ForeignSearch {
  /** Finds nothing before `extend` has loaded the caches. */
  results(): ForeignResults;
  /** Loads the caches; undefined where the build reads from none. */
  readonly extend: (() => Promise<void>) | undefined;
}

/** Returns the search for the vertices of a graph. */
function foreignSearch(order: readonly Vertex[], ports: SolverPorts, { extend, signal }: SolveGraphsOptions): ForeignSearch {
  let found: ForeignResults = () => undefined;
  const load = async (readCaches: NonNullable<typeof extend>): Promise<void> => {
    const sources = await readCaches();
    if (sources.length === 0) return;
    const { findForeignResults } = await import("./buildkit-keys/foreign-records.js");
    found = await findForeignResults(order, sources, ports, signal);
  };
  return { results: () => found, extend: extend && (() => load(extend)) };
}

/**
 * Adds the place in the source to the error of a vertex. `withErrorPlace` has done so for errors of
 * the op itself.
 */
function addPlace(error: unknown, failed: Vertex | undefined): void {
  const { source, range } = failed?.metadata ?? {};
  if (error instanceof TsbuildError && source && range) error.place ??= { source, range };
}

function known(vertices: ReadonlyMap<Digest, EngineVertex<StepResult>>, digest: Digest): EngineVertex<StepResult> {
  const vertex = vertices.get(digest);
  if (!vertex) throw new Error(`internal: vertex ${digest} is used before it is made`);
  return vertex;
}
