import type { LayerId } from "../../../cache/contract/layers.js";
import type { LayerAccess } from "../../layers/layer-access.js";
import type { Reporter } from "../../layers/ports.js";
import type { StepResult } from "../../result.js";
import { treeLayer } from "./tree-layer.js";

/** A result as a root filesystem. Files that are only looked at (`FROM` a directory or a download) become a layer. */
export async function rootLayers(result: StepResult, layers: LayerAccess, reporter: Reporter): Promise<readonly LayerId[]> {
  return result.kind === "layers" ? result.layers : [(await treeLayer(result.tree, "/", layers, reporter)).layer];
}
