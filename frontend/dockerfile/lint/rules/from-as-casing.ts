import { fixOf, replaceWord } from "../../errors/edits.js";
import { isUniform, isUpper } from "../casing.js";
import { prefersLowerCase } from "./consistent-instruction-casing.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";

export const FromAsCasing: FileRule<[from: string, as: string]> = {
  name: "FromAsCasing",
  description: "The 'as' keyword should match the case of the 'from' keyword",
  message: (from, as) => `'${as}' and '${from}' keywords' casing do not match`,
  check: checkFromAsCasing,
};

/** Warns about an AS in another case than its FROM. Another rule reports a FROM in mixed case. */
function checkFromAsCasing(file: LintFile, linter: Linter): void {
  const isLower = prefersLowerCase(file);
  for (const { node } of file.stages) {
    const as = node.args[1];
    const from = node.keyword.text;
    if (!as || !isUniform(from)) continue;
    const right = isUpper(from) ? as.text.toUpperCase() : as.text.toLowerCase();
    if (as.text === right) continue;
    // A FROM that does not fit the file has to be changed, not the AS that does.
    const fits = isUpper(from) !== isLower;
    const edit = fits ? replaceWord(as, right) : replaceWord(as, isLower ? as.text.toLowerCase() : as.text.toUpperCase());
    const changes = fits || as.text !== edit?.text;
    linter.warn(FromAsCasing, [from, as.text], as.range, node.comments, {
      fix: changes ? fixOf("Write AS in the case of FROM", [edit], true) : undefined,
    });
  }
}
