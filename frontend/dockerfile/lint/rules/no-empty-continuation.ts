import type { LintRule } from "../rule.js";

export const NoEmptyContinuation: LintRule<[]> = {
  name: "NoEmptyContinuation",
  description: "Empty continuation lines will become errors in a future release",
  message: () => "Empty continuation line",
};
