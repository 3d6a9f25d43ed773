import type { ArgNode, DockerfileAst, Instruction, NodeOf } from "../ast.js";
import * as errors from "../errors/errors.js";
import { checkFrom } from "../instructions/from.js";
import type { Report } from "../errors/report.js";
import { checkStepComments } from "../syntax/step-comments.js";
import type { StageNode, StageFile } from "../ast.js";

/**
 * Cuts the file at its FROMs. A FROM that cannot be read still begins a stage, so that the
 * instructions below get no problem for it.
 */
export function splitStages(ast: DockerfileAst, report: Report): StageFile {
  const globalArgs: ArgNode[] = [];
  const stages: (StageNode & { readonly instructions: Instruction[] })[] = [];
  for (const node of ast.instructions) {
    const current = stages[stages.length - 1];
    if (node.kind === "from") {
      checkStepComments(node, false, report);
      const from = checkFrom(node as NodeOf<"from">, report);
      stages.push({
        index: stages.length,
        node: node as NodeOf<"from">,
        name: from?.name,
        base: from?.base ?? { text: "scratch", range: node.range },
        platform: from?.platform,
        instructions: [],
      });
    } else if (current) current.instructions.push(node);
    else if (node.kind === "arg") globalArgs.push(node);
    else report.add(errors.noStage(node.keyword.text.toUpperCase(), node.range));
  }
  return { globalArgs, stages };
}
