import type { SourceOp } from "../../llb/ops.js";
import type { Vertex } from "../../llb/vertex.js";
import { chainId } from "../../oci/chain-id.js";
import type { Ports } from "../ports.js";
import type { EngineOp } from "../engine/op.js";
import type { StepResult } from "../result.js";

/**
 * Returns the op of FROM an image: its layers by name. Downloads nothing: layers come when a step
 * or an exporter needs their bytes. The chainID of the layers is the identity of the op, so that a
 * tag, its digest, and the same image in another registry are one.
 */
export function imageSourceOp(op: SourceOp, vertex: Vertex, { sources, layers }: Ports<"sources" | "layers">): EngineOp<StepResult> {
  const image = () => sources.image(op, vertex.platform);
  return {
    identity: async () => `image ${chainId((await image()).layers.map((layer) => layer.diffId))}`,
    async immediate(opContext) {
      const { layers: named, origin } = await image();
      const ids = named.map((layer) => layers.store.layers.addRemote({ ...layer, origin }).id);
      layers.owners.own(ids, () => opContext.resume());
      return { kind: "layers", layers: ids };
    },
    run: () => Promise.reject(new Error("internal: an image source does not run")),
  };
}
