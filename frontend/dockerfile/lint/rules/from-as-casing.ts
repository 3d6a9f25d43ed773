import { isUniform, isUpper } from "../casing.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { LintRule } from "../rule.js";

export const FromAsCasing: LintRule<[from: string, as: string]> = {
  name: "FromAsCasing",
  description: "The 'as' keyword should match the case of the 'from' keyword",
  message: (from, as) => `'${as}' and '${from}' keywords' casing do not match`,
};

/** Only keywords that are wholly upper or lower case are compared: mixed ones are another rule's. */
export function checkFromAsCasing(file: LintFile, linter: Linter): void {
  for (const { node } of file.stages) {
    const as = node.args[1];
    const from = node.keyword.text;
    if (!as || !isUniform(from) || !isUniform(as.text) || isUpper(from) === isUpper(as.text)) continue;
    linter.warn(FromAsCasing, [from, as.text], as.range, node.comments);
  }
}
