import { quote } from "../../../../core/go-values/quote.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";

export const ReservedStageName: FileRule<[stage: string]> = {
  name: "ReservedStageName",
  description: "Reserved words should not be used as stage names",
  message: (stage) => `Stage name should not use the same name as reserved stage ${quote(stage)}`,
  check: checkReservedStageName,
};

function checkReservedStageName(file: LintFile, linter: Linter): void {
  for (const { node, name } of file.stages) {
    if (name === "scratch" || name === "context") linter.warn(ReservedStageName, [name], node.args[2]?.range ?? node.range, node.comments);
  }
}
