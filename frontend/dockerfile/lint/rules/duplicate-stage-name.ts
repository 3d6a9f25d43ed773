import type { SourceRange } from "../../../../core/diagnostics.js";
import { quote } from "../../../../core/go-values/quote.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";

export const DuplicateStageName: FileRule<[stage: string]> = {
  name: "DuplicateStageName",
  description: "Stage names should be unique",
  message: (stage) => `Duplicate stage name ${quote(stage)}, stage names should be unique`,
  check: checkDuplicateStageName,
};

function checkDuplicateStageName(file: LintFile, linter: Linter): void {
  const seen = new Map<string, SourceRange>();
  for (const { node, name } of file.stages) {
    if (name === undefined) continue;
    const range = node.args[2]?.range ?? node.range;
    const first = seen.get(name);
    if (first)
      linter.warn(DuplicateStageName, [name], range, node.comments, {
        related: [{ message: `"${name}" is first used here`, range: first }],
      });
    else seen.set(name, range);
  }
}
