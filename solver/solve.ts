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
}

/**
 * Solves a graph. Returns the root filesystem of each target, in order. Throws `build/not-allowed`
 * before anything else.
 */
export async function solveGraph(targets: readonly Rootfs[], ports: SolverPorts, options: SolveGraphOptions): Promise<StepResult[]> {
  const order = topological(targets);
  requireEntitlements(order, options.granted);
  const forms = layerForms(targets, options.image);
  const vertices = new Map<Digest, EngineVertex<StepResult>>();
  for (const vertex of order) {
    const form = forms.get(vertex.digest);
    if (!form) throw new Error(`internal: vertex ${vertex.digest} has no form`);
    vertices.set(vertex.digest, {
      id: vertex.digest,
      name: stepName(vertex.metadata.step),
      inputs: vertex.inputs.map((edge) => known(vertices, edge.vertex.digest)),
      op: withErrorPlace(implement(vertex, form, ports), vertex),
      ignoreCache: vertex.metadata.ignoreCache ?? false,
      ...(vertex.metadata.maxAge === undefined ? {} : { maxAge: vertex.metadata.maxAge }),
      pool: vertex.op.kind === "exec" ? "run" : "io",
    });
  }
  let failed: Vertex | undefined;
  const onEvent = (event: BuildEvent): void => {
    if (event.type === "failed") failed ??= order.find(({ digest }) => digest === event.step);
    options.onEvent(event);
  };
  onEvent({
    type: "steps",
    steps: order.map(({ digest, metadata, inputs }) =>
      announced(
        digest,
        metadata.step,
        inputs.map((edge) => edge.vertex.digest),
      ),
    ),
  });
  const roots = targets.flatMap((target) => (target ? [known(vertices, target.vertex.digest)] : []));
  const { extend, onSolved } = options;
  let foreignResults: ForeignResults = () => undefined;
  const results = await solve(roots, {
    ...explainedCache(
      order,
      { store: ports.layers.store, past: ports.past },
      {
        explain: options.explain ?? false,
        onEvent,
        foreignResults: (key, id) => foreignResults(key, id),
      },
    ),
    jobs: {
      // Computed when the first step is to run.
      get run() {
        return Math.min(options.jobs, stepsForDescriptors());
      },
      io: Math.max(4, availableParallelism()),
    },
    signal: options.signal,
    onEvent,
    ...(options.onTrace && { onTrace: options.onTrace }),
    ...(onSolved && { onSolved: (solved) => onSolved(solved, foreignResults) }),
    ...(extend && {
      extend: async () => {
        const sources = await extend();
        if (sources.length > 0)
          foreignResults = await (await import("./buildkit-keys/foreign-records.js")).findForeignResults(
            order,
            sources,
            ports,
            options.signal,
          );
      },
    }),
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
