import type { CacheKey } from "../../core/cache-key.js";
import type { ResultRecord } from "../../cache/contract/results.js";
import type { KeyRecord, TransferLayer } from "../../cache/remote/content.js";
import { stepName } from "../../core/step.js";
import { imageOf as imageOfOp, localOf } from "../../llb/sources/source.js";
import type { Vertex } from "../../llb/vertex.js";
import type { Ports, Sources } from "../ports.js";
import { completeLayers, EMPTY_LAYER, EMPTY_LAYER_BYTES } from "./complete-layers.js";
import { findResults, type FoundResult } from "./find-results.js";
import type { ImageOf } from "./key-vertices.js";
import { RecordGraph } from "./record-graph.js";
import { writeRecords } from "./write-records.js";

/** A cache with keys of BuildKit's that a build reads from. */
export interface KeySource {
  readonly records: readonly KeyRecord[];
  /** Saves a result of the cache in the store, under our key for it. */
  readonly adopt: (key: CacheKey, name: string, result: FoundResult) => ResultRecord;
}

/**
 * Returns a foreign result for the definition of a vertex, and saves it in the store under `key`.
 */
export type ForeignResults = (key: CacheKey, id: string) => ResultRecord | undefined;

/**
 * Finds the results of BuildKit's caches for the vertices of a graph. Skips steps whose results
 * would differ: with SOURCE_DATE_EPOCH our layers have other times, and names of hosts may stand
 * for other addresses there.
 */
export async function findForeignResults(
  order: readonly Vertex[],
  sources: readonly KeySource[],
  { sources: named, layers: service, clock }: Ports<"sources" | "layers" | "clock">,
  signal: AbortSignal,
): Promise<ForeignResults> {
  if (clock.epoch !== undefined) return () => undefined;
  const vertices = new Map<string, Vertex>(order.map((vertex) => [vertex.digest, vertex]));
  const images = await imageLayers(order, imagesOf(named));
  const found = await findResults(
    order,
    sources.map(({ records }) => new RecordGraph(records)),
    { imageOf: imagesOf(named), treeOf: localTrees(named), signal },
  );
  const layers = found.map((results) => completeLayers(order, ({ digest }) => results.get(digest)?.layers, images));
  return (key, id) => {
    const vertex = vertices.get(id);
    if (!vertex || saysMore(vertex)) return undefined;
    for (const [index, results] of found.entries()) {
      const result = results.get(vertex.digest);
      const complete = layers[index]?.get(vertex.digest);
      if (!result || !complete) continue;
      if (complete.includes(EMPTY_LAYER)) service.store.blobs.writeSmall(EMPTY_LAYER_BYTES);
      // An empty layer has the date of its step, so that the same results make the same image.
      const dated = complete.map((layer) => (layer === EMPTY_LAYER ? { ...layer, createdAt: result.createdAt } : layer));
      return sources[index]?.adopt(key, stepName(vertex.metadata.step), { ...result, layers: dated });
    }
    return undefined;
  };
}

/**
 * Returns the records under which BuildKits find results of a graph, by the ids of its vertices.
 */
export function foreignRecords(
  order: readonly Vertex[],
  results: ReadonlyMap<string, FoundResult>,
  sources: Sources,
  signal: AbortSignal,
): Promise<readonly KeyRecord[]> {
  return writeRecords(order, results, { imageOf: imagesOf(sources), treeOf: localTrees(sources), signal });
}

/**
 * Returns true when our key of an operation distinguishes more than BuildKit's, which leaves out
 * the addresses of hosts.
 */
function saysMore({ op }: Vertex): boolean {
  return op.kind === "exec" && (op.extraHosts ?? []).length > 0;
}

/** Returns a function that finds the image of an image vertex. */
function imagesOf(sources: Pick<Sources, "image">): ImageOf {
  return async ({ op, platform }) => {
    if (op.kind !== "source") throw new Error("internal: asked for the image of a step");
    return sources.image(op, platform);
  };
}

/** Returns a function that finds the tree of a local directory's vertex. */
function localTrees(sources: Pick<Sources, "local">) {
  return async ({ op }: Vertex) => {
    const local = localOf(op);
    return local && sources.local(local);
  };
}

async function imageLayers(order: readonly Vertex[], imageOf: ImageOf): Promise<(vertex: Vertex) => readonly TransferLayer[] | undefined> {
  const found = new Map<Vertex, readonly TransferLayer[]>();
  for (const vertex of order) {
    if (!imageOfOp(vertex.op)) continue;
    const { layers } = await imageOf(vertex);
    found.set(
      vertex,
      layers.map(({ blob, diffId }) => ({ blob, diffId, createdAt: undefined })),
    );
  }
  return (vertex) => found.get(vertex);
}
