import { MultipleInstructionsDisallowed } from "../lint/rules/multiple-instructions-disallowed.js";
import type { InstructionContext } from "./instruction-context.js";

/** Warns at an earlier instruction of a kind whose last one alone counts in a stage. */
export function markUsed(at: InstructionContext, kind: "cmd" | "entrypoint" | "healthcheck"): void {
  const before = at.stage.once.get(kind);
  const { node } = at;
  if (before) at.build.linter.warn(MultipleInstructionsDisallowed, [node.keyword.text.toUpperCase()], before, node.comments);
  at.stage.once.set(kind, node.range);
}
