import type { TransferLayer } from "../../cache/remote/content.js";
import type { Digest } from "../../core/digest.js";
import type { Vertex } from "../../llb/vertex.js";
import { mediaTypes } from "../../oci/media-types.js";

/**
 * The empty layer as Go compresses it. A BuildKit outside Docker leaves it out of caches, because
 * any builder can make it.
 */
export const EMPTY_LAYER_BYTES = Buffer.from("H4sIAAAAAAAA/2IYBaNgFIxYAAgAAP//Lq+17wAEAAA=", "base64");

/** DiffID of a tar that is only its end: 1,024 zero bytes. */
const EMPTY_DIFF_ID = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef" as Digest;

export const EMPTY_LAYER: TransferLayer = {
  diffId: EMPTY_DIFF_ID,
  blob: {
    mediaType: mediaTypes.ociLayerGzip,
    digest: "sha256:4f4fb700ef54461cfa02571ae0db9a0dc1e0cdb5577484a6d75e68dc38e8acc1" as Digest,
    size: EMPTY_LAYER_BYTES.length,
  },
  createdAt: undefined,
};

type Layers = readonly TransferLayer[];

/**
 * Returns the layers of results, one for each step, as an image's history counts on it: adds the
 * empty ones that were left out. `found` are results in a cache, `imageLayers` the layers of image
 * vertices. Leaves out results whose layers do not fit.
 */
export function completeLayers(
  order: readonly Vertex[],
  found: (vertex: Vertex) => Layers | undefined,
  imageLayers: (vertex: Vertex) => Layers | undefined,
): ReadonlyMap<Digest, Layers> {
  const complete = new Map<Digest, Layers>();
  const counts = new Map<Digest, number>();
  for (const vertex of order) {
    const image = imageLayers(vertex);
    const below = image ? undefined : stackOf(vertex);
    const sizes = below?.inputs.map((input) => counts.get(input.digest));
    const count = image?.length ?? sizes?.reduce<number | undefined>(sum, below?.own);
    if (count === undefined) continue;
    counts.set(vertex.digest, count);
    const layers = image ?? (below && fill(found(vertex), count, { ...below, complete }));
    if (layers) complete.set(vertex.digest, layers);
  }
  return complete;
}

const sum = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined || b === undefined ? undefined : a + b);

interface Below {
  /** Vertices whose layers come first. */
  readonly inputs: readonly Vertex[];
  /** Number of layers that are added. */
  readonly own: number;
}

/**
 * Returns the vertices below and the number of own layers. Returns undefined where it is unknown: a
 * directory, a download, a difference.
 */
function stackOf({ op, inputs }: Vertex): Below | undefined {
  const base = (index: number): Below => ({ inputs: inputs.slice(Math.max(index, 0), index + 1).map((edge) => edge.vertex), own: 1 });
  switch (op.kind) {
    case "exec": {
      const root = op.mounts.find((mount) => mount.dest === "/");
      return root?.type === "bind" ? base(root.input) : undefined;
    }
    case "file":
      return base(op.actions.find((action) => action.input >= 0 && action.input < inputs.length)?.input ?? -1);
    case "merge":
      return { inputs: inputs.map((edge) => edge.vertex), own: 0 };
    case "source":
    case "diff":
      return undefined;
  }
}

function fill(
  layers: Layers | undefined,
  count: number,
  below: Below & { readonly complete: ReadonlyMap<Digest, Layers> },
): Layers | undefined {
  if (!layers || layers.length >= count) return layers?.length === count ? layers : undefined;
  const known = knownBelow(below);
  const own = known && without(layers, known);
  if (!own) return undefined;
  const missing = count - known.length - own.length;
  // It is unknown which of several steps were empty when a cache has results of none. The files
  // are the same.
  return missing < 0 ? undefined : [...known, ...own, ...Array.from({ length: missing }, () => EMPTY_LAYER)];
}

/** Returns the layers of the vertices below, or of the nearest one below whose layers are known. */
function knownBelow({ inputs, complete }: Below & { readonly complete: ReadonlyMap<Digest, Layers> }): Layers | undefined {
  const stacks = inputs.map((input) => complete.get(input.digest));
  if (stacks.every((stack) => stack !== undefined)) return stacks.flat();
  for (let at = inputs.length === 1 ? inputs[0] : undefined; at; ) {
    const stack = complete.get(at.digest);
    if (stack) return stack;
    const next = stackOf(at);
    if (next?.inputs.length === 0) return [];
    at = next?.inputs.length === 1 ? next.inputs[0] : undefined;
  }
  return undefined;
}

/** Returns the layers above `below`, whose empty layers may be missing. */
function without(layers: Layers, below: Layers): Layers | undefined {
  let at = 0;
  for (const { diffId } of below) {
    if (layers[at]?.diffId === diffId) at++;
    else if (diffId !== EMPTY_DIFF_ID) return undefined;
  }
  return layers.slice(at);
}
