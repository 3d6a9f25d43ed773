import type { LintFile } from "./lint-file.js";
import type { Linter } from "./linter.js";
import type { LintRule } from "./rule.js";

/**
 * A rule that needs nothing but the text of the file. Other rules warn where instructions are
 * lowered, because values are known there.
 */
export interface FileRule<A extends readonly unknown[] = readonly unknown[]> extends LintRule<A> {
  /** Warns through `linter` about each place that breaks the rule. */
  check(file: LintFile, linter: Linter): void;
}
