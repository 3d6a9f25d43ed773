import type { LocalSource } from "../../llb/sources/local.js";
import type { SolverContext } from "../context.js";
import type { EngineOp } from "../engine/op.js";
import type { StepResult } from "../result.js";

/** A directory of this machine. It has no identity: what steps select from it counts by content. */
export function localSourceOp({ name, excludePatterns }: LocalSource, context: SolverContext): EngineOp<StepResult> {
  return {
    identity: async () => undefined,
    async immediate() {
      return { kind: "tree", tree: await context.local(name, excludePatterns), name };
    },
    run: () => Promise.reject(new Error("internal: a local source does not run")),
  };
}
