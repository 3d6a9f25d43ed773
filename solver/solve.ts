import { availableParallelism } from "node:os";
import type { Digest } from "../core/digest.js";
import { stepsForDescriptors } from "../core/system/descriptors.js";
import { TsbuildError } from "../core/errors.js";
import { announced, type BuildEvent, type EventSink } from "../core/events.js";
import { stepName } from "../core/step.js";
import type { GrantedRights } from "../llb/entitlements.js";
import { type Rootfs, topological, type Vertex } from "../llb/vertex.js";
import type { ForeignResults, KeySource } from "./buildkit-keys/foreign-records.js";
import { requireEntitlements } from "./entitlements.js";
import type { SolverPorts } from "./ports.js";
import type { EngineVertex, SolvedVertex } from "./engine/op.js";
import type { MadeNow } from "./engine/made-now.js";
import { solve } from "./engine/solve.js";
import type { TraceRecord } from "./engine/trace.js";
import { explainedCache } from "./explain/explained-cache.js";
import { layerForms } from "./layer-forms.js";
import { withErrorPlace } from "./ops/error-place.js";
import { implement } from "./ops/table.js";
import { SCRATCH, type StepResult } from "./result.js";

export interface SolveGraphOptions {
  /** Sandboxes that run at once. */
  readonly jobs: number;
  /** True when the results become images, so that their layers are wanted compressed. */
  readonly image: boolean;
  /**
   * Called when the store alone does not have the targets: loads the keys of other caches. Resolves
   * to those that are searched as BuildKit does.
   */
  readonly extend?: () => Promise<readonly KeySource[]>;
  /**
   * Called with everything that has keys once the graph is solved, for caches that are exported.
   */
  readonly onSolved?: (vertices: readonly SolvedVertex<StepResult>[], foreignResults: ForeignResults) => void;
  /**
   * True when steps that are not even looked up are explained too, at the cost of a look-up for
   * each. Default: false.
   */
  readonly explain?: boolean;
  readonly granted: GrantedRights;
  readonly signal: AbortSignal;
  readonly onEvent: EventSink;
  readonly onTrace?: ((record: TraceRecord) => void) | undefined;
  /** Solves that share it run a step that ignores the cache once for all of them. */
  readonly madeNow?: MadeNow | undefined;
}

/**
 * Solves a graph. Returns the root filesystem of each target, in order. Throws `build/not-allowed`
 * before anything else.
 */
export async function solveGraph(targets: readonly Rootfs[], ports: SolverPorts, options: SolveGraphOptions): Promise<StepResult[]> {
  const order = topological(targets);
  requireEntitlements(order, options.granted);
  const vertices = engineVertices(order, layerForms(targets, options.image), ports);
  let failed: Vertex | undefined;
  const onEvent = (event: BuildEvent): void => {
    if (event.type === "failed") failed ??= order.find(({ digest }) => digest === event.step);
    options.onEvent(event);
  };
  onEvent({ type: "steps", steps: order.map(announcedVertex) });
  const roots = targets.flatMap((target) => (target ? [known(vertices, target.vertex.digest)] : []));
  const foreign = foreignSearch(order, ports, options);
  const { explain = false, signal, onSolved, onTrace } = options;
  const results = await solve(roots, {
    ...explainedCache(
      order,
      { store: ports.layers.store, past: ports.past },
      { explain, onEvent, foreignResults: (key, id) => foreign.results()(key, id) },
    ),
    jobs: {
      // Computed when the first step is to run.
      get run() {
        return Math.min(options.jobs, stepsForDescriptors());
      },
      io: Math.max(4, availableParallelism()),
    },
    signal,
    onEvent,
    madeNow: options.madeNow,
    ...(onTrace && { onTrace }),
    ...(onSolved && { onSolved: (solved) => onSolved(solved, foreign.results()) }),
    ...(foreign.extend && { extend: foreign.extend }),
  }).catch((error: unknown) => {
    throw withPlace(error, failed);
  });
  return targets.map((target) => {
    if (!target) return SCRATCH;
    const result = results.get(target.vertex.digest);
    if (!result) throw new Error(`internal: target ${target.vertex.digest} has no result`);
    return result;
  });
}

/** Returns the engine's vertex of each vertex of the graph. `order` has inputs first. */
function engineVertices(
  order: readonly Vertex[],
  forms: ReturnType<typeof layerForms>,
  ports: SolverPorts,
): ReadonlyMap<Digest, EngineVertex<StepResult>> {
  const vertices = new Map<Digest, EngineVertex<StepResult>>();
  for (const vertex of order) {
    const { digest, inputs, metadata, op } = vertex;
    const form = forms.get(digest);
    if (!form) throw new Error(`internal: vertex ${digest} has no form`);
    vertices.set(digest, {
      id: digest,
      name: stepName(metadata.step),
      inputs: inputs.map((edge) => known(vertices, edge.vertex.digest)),
      op: withErrorPlace(implement(vertex, form, ports), vertex),
      ignoreCache: metadata.ignoreCache ?? false,
      ...(metadata.maxAge === undefined ? {} : { maxAge: metadata.maxAge }),
      pool: op.kind === "exec" ? "run" : "io",
    });
  }
  return vertices;
}

/** Returns a vertex as events announce it. */
function announcedVertex({ digest, metadata, inputs }: Vertex): ReturnType<typeof announced> {
  return announced(
    digest,
    metadata.step,
    inputs.map((edge) => edge.vertex.digest),
  );
}

/** Search for results in the caches of other builders. */
interface ForeignSearch {
  /** Finds nothing before `extend` has loaded the caches. */
  results(): ForeignResults;
  /** Loads the caches; undefined where the build reads from none. */
  readonly extend: (() => Promise<void>) | undefined;
}

/** Returns the search for the vertices of a graph. */
function foreignSearch(order: readonly Vertex[], ports: SolverPorts, { extend, signal }: SolveGraphOptions): ForeignSearch {
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
function withPlace(error: unknown, failed: Vertex | undefined): unknown {
  const { source, range } = failed?.metadata ?? {};
  if (error instanceof TsbuildError && source && range) error.place ??= { source, range };
  return error;
}

function known(vertices: ReadonlyMap<Digest, EngineVertex<StepResult>>, digest: Digest): EngineVertex<StepResult> {
  const vertex = vertices.get(digest);
  if (!vertex) throw new Error(`internal: vertex ${digest} is used before it is made`);
  return vertex;
}
