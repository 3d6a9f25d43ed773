import type { Digest } from "../core/digest.js";
import { type Edge, type Rootfs, topological, type Vertex, type VertexSpec, vertex } from "./vertex.js";

/** Returns a graph with other vertices: `change` gets each with its inputs changed already. */
export async function mapVertices(root: Rootfs, change: (vertex: Vertex) => Promise<VertexSpec>): Promise<Rootfs> {
  if (!root) return undefined;
  // By digest, because equal vertices may be several objects.
  const changed = new Map<Digest, Vertex>();
  const edge = ({ vertex: before, output }: Edge): Edge => ({ vertex: changed.get(before.digest) as Vertex, output });
  for (const before of topological([root])) {
    changed.set(before.digest, vertex(await change({ ...before, inputs: before.inputs.map(edge) })));
  }
  return edge(root);
}
