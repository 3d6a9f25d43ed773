import type { SourceOp } from "../../llb/ops.js";
import type { Vertex } from "../../llb/vertex.js";
import { chainId } from "../../oci/chain-id.js";
import type { SolverContext } from "../context.js";
import type { EngineOp } from "../engine/op.js";
import type { StepResult } from "../result.js";

/**
 * FROM an image: its layers by name. Nothing is downloaded: layers come when a step or an exporter needs their bytes. What identifies it is the chainID
 * of its layers, so that a tag, its digest, and the same image in another registry are one.
 */
export function imageSourceOp(op: SourceOp, vertex: Vertex, context: SolverContext): EngineOp<StepResult> {
  const image = () => context.image(op, vertex.platform);
  return {
    identity: async () => `image ${chainId((await image()).layers.map((layer) => layer.diffId))}`,
    async immediate(opContext) {
      const { layers, origin } = await image();
      const ids = layers.map((layer) => context.layers.store.layers.addRemote({ ...layer, origin }).id);
      context.layers.owners.own(ids, () => opContext.resume());
      return { kind: "layers", layers: ids };
    },
    run: () => Promise.reject(new Error("internal: an image source does not run")),
  };
}
