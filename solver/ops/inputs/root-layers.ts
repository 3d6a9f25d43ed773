import type { LayerId } from "../../../cache/contract/layers.js";
import type { LayerAccess } from "../../layers/layer-access.js";
import type { Reporter } from "../../layers/ports.js";
import type { StepResult } from "../../result.js";
import { treeLayer } from "./tree-layer.js";

/**
 * Returns the layers of a result as a root filesystem. Packs a tree as a layer first: `FROM` can
 * name a directory or a download.
 */
export async function rootLayers(result: StepResult, layers: LayerAccess, reporter: Reporter): Promise<readonly LayerId[]> {
  return result.kind === "layers" ? result.layers : [(await treeLayer(result.tree, "/", layers, reporter)).layer];
}
