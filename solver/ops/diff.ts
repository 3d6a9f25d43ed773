import { canonicalJson } from "../../core/canonical.js";
import { TsbuildError } from "../../core/errors.js";
import type { EngineOp } from "../engine/op.js";
import type { SolverContext } from "../context.js";
import type { StepResult } from "../result.js";
import { rootLayers } from "./inputs/root-layers.js";

/** The layers that the second input has above the first. */
export function diffOp(context: SolverContext): EngineOp<StepResult> {
  return {
    identity: async () => canonicalJson({ kind: "diff" }),
    async run([lower, upper], opContext) {
      const below = lower ? await rootLayers(lower, context, opContext) : [];
      const all = upper ? await rootLayers(upper, context, opContext) : [];
      if (below.some((layer, index) => all[index] !== layer))
        throw new TsbuildError(
          "build/diff-not-above",
          "Cannot take the difference of two filesystems: the second was not made on top of the first",
          {
            hint: "Diff a stage with the base it starts FROM",
          },
        );
      return { kind: "layers", layers: all.slice(below.length) };
    },
  };
}
