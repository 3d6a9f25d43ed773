import { canonicalJson } from "../../core/canonical.js";
import type { EngineOp } from "../engine/op.js";
import { layersOf, type StepResult } from "../result.js";

/** Stacks the layers of all inputs. No bytes move. */
export function mergeOp(): EngineOp<StepResult> {
  return {
    identity: async () => canonicalJson({ kind: "merge" }),
    run: async (inputs) => ({ kind: "layers", layers: inputs.flatMap((input) => layersOf(input)) }),
  };
}
