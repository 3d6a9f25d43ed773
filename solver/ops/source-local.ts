import type { LocalSource } from "../../llb/sources/local.js";
import type { Ports } from "../ports.js";
import type { EngineOp } from "../engine/op.js";
import type { StepResult } from "../result.js";

/**
 * Returns the op of a directory of this machine. The op has no identity: the files that steps
 * select count by content.
 */
export function localSourceOp(source: LocalSource, { sources }: Ports<"sources">): EngineOp<StepResult> {
  return {
    identity: async () => undefined,
    async immediate() {
      return { kind: "tree", tree: await sources.local(source), name: source.name };
    },
    run: () => Promise.reject(new Error("internal: a local source does not run")),
  };
}
