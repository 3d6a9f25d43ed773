import { canonicalJson } from "../../core/canonical.js";
import type { EngineOp } from "../engine/op.js";
import type { SolverContext } from "../context.js";
import type { StepResult } from "../result.js";
import { rootLayers } from "./root-layers.js";

/** Stacks the layers of all inputs. No bytes move. */
export function mergeOp(context: SolverContext): EngineOp<StepResult> {
  return {
    identity: async () => canonicalJson({ kind: "merge" }),
    async run(inputs, opContext) {
      const stacks = await Promise.all(inputs.map((input) => rootLayers(input, context, opContext)));
      return { kind: "layers", layers: stacks.flat() };
    },
  };
}
