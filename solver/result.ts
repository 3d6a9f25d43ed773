import type { LayerId } from "../cache/contract/layers.js";
import type { FileTree } from "../oci/layer/model/toc.js";

/**
 * Result of a vertex. `layers`: a root filesystem as a stack of layers, bottom first, each of which
 * may still be at a registry, packed or unpacked. `tree`: files of this machine that are only read
 * (a local context).
 */
export type StepResult =
  | { readonly kind: "layers"; readonly layers: readonly LayerId[] }
  | { readonly kind: "tree"; readonly tree: FileTree /** Name for people: `context`. */; readonly name: string };

export const SCRATCH: StepResult = { kind: "layers", layers: [] };

/** Returns the layers of a result that is kept. Files that are only read never are. */
export function layersOf(result: StepResult): readonly LayerId[] {
  if (result.kind !== "layers") throw new Error(`internal: "${result.name}" is only looked at and cannot be kept`);
  return result.layers;
}
