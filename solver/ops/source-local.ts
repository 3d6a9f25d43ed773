import type { SourceOp } from "../../llb/ops.js";
import type { SolverContext } from "../context.js";
import type { EngineOp } from "../engine/op.js";
import type { StepResult } from "../result.js";

/** Attribute with the .dockerignore patterns of a local source: a JSON list. */
const EXCLUDE = "local.excludepatterns";

/** A directory of this machine. It has no identity: what steps select from it counts by content. */
export function localSourceOp(op: SourceOp, context: SolverContext): EngineOp<StepResult> {
  const name = op.identifier.slice("local://".length);
  return {
    identity: async () => undefined,
    async immediate() {
      const patterns = op.attrs[EXCLUDE] === undefined ? [] : (JSON.parse(op.attrs[EXCLUDE]) as string[]);
      return { kind: "tree", tree: await context.local(name, patterns), name };
    },
    run: () => Promise.reject(new Error("internal: a local source does not run")),
  };
}
