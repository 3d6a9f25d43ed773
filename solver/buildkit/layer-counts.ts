import type { Digest } from "../../core/digest.js";
import type { Vertex } from "../../llb/vertex.js";

/**
 * How many layers the result of each vertex has, as far as the graph says it: a step adds one, whether or not it changes anything. `imageLayers`:
 * those of an image vertex. An image's history counts on it, but a BuildKit may leave empty layers out of a cache.
 */
export function layerCounts(order: readonly Vertex[], imageLayers: (vertex: Vertex) => number | undefined): ReadonlyMap<Digest, number> {
  const counts = new Map<Digest, number>();
  for (const vertex of order) {
    const count = layerCount(vertex, counts, imageLayers);
    if (count !== undefined) counts.set(vertex.digest, count);
  }
  return counts;
}

function layerCount(
  vertex: Vertex,
  counts: ReadonlyMap<Digest, number>,
  imageLayers: (vertex: Vertex) => number | undefined,
): number | undefined {
  const { op, inputs } = vertex;
  const below = (index: number): number | undefined => {
    const input = inputs[index]?.vertex;
    return input ? counts.get(input.digest) : 0;
  };
  const above = (index: number): number | undefined => {
    const count = below(index);
    return count === undefined ? undefined : count + 1;
  };
  switch (op.kind) {
    case "source":
      return imageLayers(vertex);
    case "exec": {
      const root = op.mounts.find((mount) => mount.dest === "/");
      return root?.type === "bind" ? above(root.input) : undefined;
    }
    case "file":
      return above(op.actions.find((action) => action.input >= 0 && action.input < inputs.length)?.input ?? -1);
    case "merge":
      return inputs.reduce<number | undefined>((sum, _, index) => {
        const count = below(index);
        return sum === undefined || count === undefined ? undefined : sum + count;
      }, 0);
    case "diff":
      return undefined;
  }
}
