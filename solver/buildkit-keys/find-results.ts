import type { Digest } from "../../core/digest.js";
import type { TransferLayer } from "../../cache/remote/content.js";
import type { Vertex } from "../../llb/vertex.js";
import type { FileTree } from "../../oci/layer/model/toc.js";
import { contentDigest } from "./content-digest.js";
import { type KeyInput, type KeyVertex, recordDigest } from "./key-vertex.js";
import { type ImageOf, keyVertices } from "./key-vertices.js";
import type { RecordGraph } from "./record-graph.js";

/** Result of BuildKit for a step. */
export interface FoundResult {
  /** Layers, bottom first. */
  readonly layers: readonly TransferLayer[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface FindPorts {
  readonly imageOf: ImageOf;
  /**
   * Returns the files of a vertex that needs no work for them (a local directory); undefined for
   * all others.
   */
  readonly treeOf: (vertex: Vertex) => Promise<FileTree | undefined>;
  readonly signal: AbortSignal;
}

/**
 * Finds the results of each cache for the vertices of a graph as BuildKit's solver does, without
 * running anything. Reads files only for operations that one of the caches knows.
 */
export async function findResults(
  order: readonly Vertex[],
  graphs: readonly RecordGraph[],
  ports: FindPorts,
): Promise<readonly ReadonlyMap<Digest, FoundResult>[]> {
  const keys = await keyVertices(order, ports.imageOf);
  const matched = graphs.map(() => new Map<KeyVertex, ReadonlySet<number>>());
  for (const vertex of withInputs([...keys.values()])) {
    const contents = graphs.some((graph) => graph.mayHold(vertex)) ? await contentRecords(vertex, ports) : [];
    graphs.forEach((graph, index) => {
      const records = matched[index] as Map<KeyVertex, ReadonlySet<number>>;
      const inputs = vertex.inputs.map(({ vertex: input }, at) => ({
        records: (input && records.get(input)) ?? NONE,
        content: contents[at],
      }));
      records.set(vertex, graph.match(vertex, inputs));
    });
  }
  return graphs.map((graph, index) => {
    const results = new Map<Digest, FoundResult>();
    for (const [digest, vertex] of keys) {
      const result = newest(graph, matched[index]?.get(vertex) ?? NONE);
      if (result) results.set(digest, result);
    }
    return results;
  });
}

const NONE: ReadonlySet<number> = new Set();

/** Returns the vertices with those that only BuildKit has, inputs before users. */
export function withInputs(vertices: readonly KeyVertex[]): ReadonlySet<KeyVertex> {
  const all = new Set<KeyVertex>();
  for (const vertex of vertices) {
    // Vertices of ours stand before their users already. BuildKit's additional ones have no inputs.
    for (const { vertex: input } of vertex.inputs) if (input) all.add(input);
    all.add(vertex);
  }
  return all;
}

/**
 * Returns the digests of the records for the contents of a vertex's inputs, where these are known
 * without work.
 */
export function contentRecords({ inputs }: KeyVertex, { treeOf, signal }: FindPorts): Promise<readonly (string | undefined)[]> {
  const recordOf = async ({ content }: KeyInput): Promise<string | undefined> => {
    const tree = content && (await treeOf(content.input));
    const digest = tree && (await contentDigest(tree, content.selectors, { local: true, signal }));
    return digest === undefined ? undefined : recordDigest(digest, -1);
  };
  return Promise.all(inputs.map(recordOf));
}

function newest({ records }: RecordGraph, found: ReadonlySet<number>): FoundResult | undefined {
  const results = [...found].flatMap((index) => records[index]?.result ?? []);
  return results.reduce<FoundResult | undefined>((best, result) => (best && best.createdAt >= result.createdAt ? best : result), undefined);
}
