import { RULES } from "./all-rules.js";
import type { FileRule } from "./file-rule.js";
import type { LintFile } from "./lint-file.js";
import type { Linter } from "./linter.js";

const FILE_RULES = RULES.filter((rule): rule is FileRule<never> => "check" in rule);

/** Applies the rules that need the text alone. */
export function lintFile(file: LintFile, linter: Linter): void {
  for (const rule of FILE_RULES) if (!rule.own || linter.hearsOwn) rule.check(file, linter);
}
