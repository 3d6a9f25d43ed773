import type { Instruction } from "../ast.js";
import type { BoundInstruction, InstructionContext } from "../stage/instruction-context.js";
import type { SourceName } from "../stage/stage-state.js";

/** Returns the result of an instruction's successful check. */
export function bind(
  node: Instruction,
  lower: (at: InstructionContext) => void,
  extra: { readonly sources?: readonly (SourceName | undefined)[]; readonly isStep?: boolean } = {},
): BoundInstruction {
  return { node, lower, sources: extra.sources ?? [], isStep: extra.isStep ?? false };
}
