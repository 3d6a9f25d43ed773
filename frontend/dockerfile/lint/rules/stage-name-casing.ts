import { fixOf, replaceWord } from "../../errors/edits.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";

export const StageNameCasing: FileRule<[stage: string]> = {
  name: "StageNameCasing",
  description: "Stage names should be lowercase",
  message: (stage) => `Stage name '${stage}' should be lowercase`,
  check: checkStageNameCasing,
};

/** Checks the names as written. */
function checkStageNameCasing(file: LintFile, linter: Linter): void {
  for (const { node } of file.stages) {
    const name = node.args[2];
    if (!name || name.text === name.text.toLowerCase()) continue;
    // Names match in any case: references to the stage can stay.
    const fix = fixOf("Write the stage name in lower case", [replaceWord(name, name.text.toLowerCase())], true);
    linter.warn(StageNameCasing, [name.text], name.range, node.comments, { fix });
  }
}
