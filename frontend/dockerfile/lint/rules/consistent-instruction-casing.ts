import type { Instruction } from "../../ast.js";
import { fixOf, replaceWord } from "../../errors/edits.js";
import { isUniform, isUpper } from "../casing.js";
import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";

export const ConsistentInstructionCasing: FileRule<[keyword: string, casing: string]> = {
  name: "ConsistentInstructionCasing",
  description: "All commands within the Dockerfile should use the same casing (either upper or lower)",
  message: (keyword, casing) => `Command '${keyword}' should match the case of the command majority (${casing})`,
  check: checkConsistentInstructionCasing,
};

function checkConsistentInstructionCasing(file: LintFile, linter: Linter): void {
  const isLower = prefersLowerCase(file);
  const wanted = isLower ? "lowercase" : "uppercase";
  for (const { keyword, comments } of nodesOf(file)) {
    const right = isLower ? keyword.text.toLowerCase() : keyword.text.toUpperCase();
    if (keyword.text === right) continue;
    linter.warn(ConsistentInstructionCasing, [keyword.text, wanted], keyword.range, comments, {
      fix: fixOf(`Write the instruction in ${wanted}`, [replaceWord(keyword, right)], true),
    });
  }
}

/**
 * Returns true when most uniformly cased keywords are lower case. Upper case wins a tie; ARGs
 * before the first FROM do not count.
 */
export function prefersLowerCase(file: LintFile): boolean {
  let upper = 0;
  let lower = 0;
  for (const { keyword } of nodesOf(file)) {
    if (!isUniform(keyword.text)) continue;
    if (isUpper(keyword.text)) upper++;
    else lower++;
  }
  return lower > upper;
}

function nodesOf(file: LintFile): readonly Instruction[] {
  return file.stages.flatMap((stage) => [stage.node, ...stage.instructions]);
}
