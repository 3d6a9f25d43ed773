import type { ArgNode } from "../ast.js";
import type { StageNode } from "../stages.js";

/** What rules that look at the text alone see. */
export interface LintFile {
  readonly globalArgs: readonly ArgNode[];
  readonly stages: readonly StageNode[];
}
