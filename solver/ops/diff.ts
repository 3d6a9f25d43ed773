import { notOnTop } from "./errors.js";
import { canonicalJson } from "../../core/canonical.js";
import type { EngineOp } from "../engine/op.js";
import type { Ports } from "../ports.js";
import type { StepResult } from "../result.js";
import { rootLayers } from "./inputs/root-layers.js";

/** Returns the op whose result are the layers that the second input has above the first. */
export function diffOp({ layers }: Ports<"layers">): EngineOp<StepResult> {
  return {
    identity: async () => canonicalJson({ kind: "diff" }),
    async run([lower, upper], opContext) {
      const below = lower ? await rootLayers(lower, layers, opContext) : [];
      const all = upper ? await rootLayers(upper, layers, opContext) : [];
      if (below.some((layer, index) => all[index] !== layer)) throw notOnTop();
      return { kind: "layers", layers: all.slice(below.length) };
    },
  };
}
