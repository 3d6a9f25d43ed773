import { quote } from "../../go-format.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { LintRule } from "../rule.js";

export const DuplicateStageName: LintRule<[stage: string]> = {
  name: "DuplicateStageName",
  description: "Stage names should be unique",
  message: (stage) => `Duplicate stage name ${quote(stage)}, stage names should be unique`,
};

export function checkDuplicateStageName(file: LintFile, linter: Linter): void {
  const seen = new Set<string>();
  for (const { node, name } of file.stages) {
    if (name === undefined) continue;
    if (seen.has(name)) linter.warn(DuplicateStageName, [name], node.args[2]?.range ?? node.range, node.comments);
    seen.add(name);
  }
}
