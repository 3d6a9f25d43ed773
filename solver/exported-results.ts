import type { LayerId } from "../cache/contract/layers.js";
import type { ResultIndex } from "../cache/contract/results.js";
import type { TransferLayer, TransferResult } from "../cache/remote/content.js";
import { allOrAbort } from "../core/tasks/all-or-abort.js";
import type { CompressionOptions } from "../oci/layer/model/tasks.js";
import type { ForeignResults } from "./buildkit-keys/foreign-records.js";
import type { SolvedVertex } from "./engine/op.js";
import type { LayerService } from "./layers/layer-service.js";
import type { Stack } from "./layers/ports.js";
import { type Reporter, sharedReporter } from "./layers/ports.js";
import type { StepResult } from "./result.js";

/** A step's result in the store. */
export interface StoredStep {
  /** Id of the vertex. */
  readonly id: string;
  readonly keys: TransferResult["keys"];
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly stack: Stack;
  /** Components of its key, see `ResultRecord.components`. */
  readonly components: string;
}

/**
 * Returns the results of a graph: those that were found or made, and for vertices below a found one
 * those that the cache has, or that are known as foreign results of their definitions.
 */
export function storedSteps(
  vertices: readonly SolvedVertex<StepResult>[],
  results: Pick<ResultIndex, "lookup">,
  foreignResults?: ForeignResults,
): readonly StoredStep[] {
  return vertices.flatMap(({ vertex, result, keys }): StoredStep[] => {
    if (result?.kind === "tree") return [];
    const stored = keys.map((key) => results.lookup(key)).find((found) => found !== undefined);
    const record = stored ?? (result ? undefined : foreignResults?.(keys[0], vertex.id));
    if (!record) return [];
    const [first, ...others] = new Set([record.primaryKey, ...keys]);
    return [
      {
        id: vertex.id,
        keys: [first as TransferResult["keys"][0], ...others],
        name: vertex.name,
        createdAt: record.createdAt,
        stack: record.layers,
        components: record.components,
      },
    ];
  });
}

/** Keeps the steps whose layers are a prefix of an exported stack (mode=min). */
export function stepsWithin(steps: readonly StoredStep[], stacks: readonly Stack[]): readonly StoredStep[] {
  return steps.filter(({ stack }) => stacks.some((target) => stack.every((layer, index) => layer === target[index])));
}

interface DescribeOptions {
  /** Compression of layers that are not compressed yet. */
  readonly compression: CompressionOptions;
  /** True brings all layers into the compression. */
  readonly force: boolean;
  readonly reporter: Reporter;
}

/**
 * Returns results in their exported form, with every layer packed; remote layers stay remote.
 * Returns the layer behind each blob by digest.
 */
export async function describeSteps(
  steps: readonly StoredStep[],
  service: LayerService,
  options: DescribeOptions,
): Promise<{ readonly results: readonly TransferResult[]; readonly layers: ReadonlyMap<string, LayerId> }> {
  const layers = new Map<string, LayerId>();
  const describe = async (stack: Stack, index: number, reporter: Reporter): Promise<TransferLayer> => {
    const id = stack[index] as LayerId;
    const packed = await service.blobs.described(stack, index, options.compression, reporter);
    const { mediaType, digest, size } = options.force ? await service.blobs.converted(id, options.compression, reporter) : packed.blob;
    layers.set(digest, id);
    return { diffId: packed.diffId, blob: { mediaType, digest, size }, createdAt: service.record(id).createdAt };
  };
  const places = new Map<LayerId, { readonly stack: Stack; readonly index: number }>();
  for (const { stack } of steps) for (const [index, id] of stack.entries()) if (!places.has(id)) places.set(id, { stack, index });
  const described = await allOrAbort(options.reporter.signal, (signal) => {
    const reporter = sharedReporter(options.reporter, signal);
    return [...places].map(async ([id, { stack, index }]) => [id, await describe(stack, index, reporter)] as const);
  });
  const byId = new Map(described);
  const results = steps.map(({ keys, name, createdAt, stack }) => ({
    keys,
    name,
    createdAt,
    layers: stack.map((id) => byId.get(id) as TransferLayer),
  }));
  return { results, layers };
}
