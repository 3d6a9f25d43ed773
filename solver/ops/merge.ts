import { canonicalJson } from "../../core/canonical.js";
import { stackOn } from "../../cache/contract/stacks.js";
import { allOrAbort } from "../../core/tasks/all-or-abort.js";
import type { Vertex } from "../../llb/vertex.js";
import type { EngineOp } from "../engine/op.js";
import type { Ports } from "../ports.js";
import { sharedReporter } from "../layers/ports.js";
import type { StepResult } from "../result.js";
import { subtreeDigest } from "./file/selection.js";
import { treeOfInput } from "./inputs/input-tree.js";
import { rootLayers } from "./inputs/root-layers.js";
import { isDirectoryInput } from "./inputs/whole-input.js";

/** Stacks the layers of all inputs. No bytes move. */
export function mergeOp(vertex: Vertex, { layers, past }: Ports<"layers" | "past">): EngineOp<StepResult> {
  return {
    identity: async () => canonicalJson({ kind: "merge" }),
    selects: (index) => isDirectoryInput(vertex, index),
    contentDigest: async (_index, input, opContext) =>
      subtreeDigest(await treeOfInput(input, layers, opContext), "/", { signal: opContext.signal, onSelected: past.selections.note }),
    async run(inputs, opContext) {
      const stacks = await allOrAbort(opContext.signal, (signal) => {
        const reporter = sharedReporter(opContext, signal);
        return inputs.map((input) => rootLayers(input, layers, reporter));
      });
      const [lowest = [], ...others] = stacks;
      return { kind: "layers", layers: others.flat().reduce(stackOn, lowest) };
    },
  };
}
