import type { Digest } from "../core/digest.js";
import { topological, type Rootfs, type Vertex } from "../llb/vertex.js";

/**
 * Use of the layer that a vertex makes, which decides the cheapest way to make it. `exported`: it
 * ends in an image, so its compressed blob is wanted. `unpacked`: a step runs on it or mounts it,
 * so its files are wanted.
 */
export interface LayerForm {
  readonly exported: boolean;
  readonly unpacked: boolean;
}

const NEITHER: LayerForm = { exported: false, unpacked: false };

/** Returns the inputs whose layers are part of the stack of a vertex's result. */
function below(vertex: Vertex): readonly Vertex[] {
  const { op, inputs } = vertex;
  const pick = (index: number): Vertex[] => (inputs[index] ? [inputs[index].vertex] : []);
  switch (op.kind) {
    case "source":
      return [];
    case "exec":
      return op.mounts.flatMap((mount) => (mount.dest === "/" && mount.type === "bind" ? pick(mount.input) : []));
    case "file":
      return op.actions.flatMap((action) => (action.input < inputs.length ? pick(action.input) : []));
    case "merge":
      return inputs.map((input) => input.vertex);
    case "diff":
      return pick(1);
  }
}

/** Targets of a graph, which are exported as images (`image`) or only read. */
interface WantedTargets {
  readonly targets: readonly Rootfs[];
  readonly image: boolean;
}

/** Returns the form of every vertex of the graph that these targets have together. */
export function layerForms(wanted: readonly WantedTargets[]): ReadonlyMap<Digest, LayerForm> {
  const forms = new Map<Digest, LayerForm>();
  const order = topological(wanted.flatMap(({ targets }) => targets));
  const mark = (vertex: Vertex, form: Partial<LayerForm>): void => {
    forms.set(vertex.digest, { ...(forms.get(vertex.digest) ?? NEITHER), ...form });
  };
  for (const { targets, image } of wanted) for (const target of targets) if (target && image) mark(target.vertex, { exported: true });
  // Users come before their inputs, so each vertex is complete when it passes its form down.
  for (const vertex of order.toReversed()) {
    const form = forms.get(vertex.digest) ?? NEITHER;
    for (const lower of below(vertex))
      mark(lower, { ...(form.exported ? { exported: true } : {}), ...(form.unpacked ? { unpacked: true } : {}) });
    if (vertex.op.kind === "exec") for (const input of vertex.inputs) mark(input.vertex, { unpacked: true });
    if (!forms.has(vertex.digest)) forms.set(vertex.digest, NEITHER);
  }
  return forms;
}
