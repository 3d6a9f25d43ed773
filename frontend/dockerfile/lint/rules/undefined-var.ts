import type { LintRule } from "../rule.js";

export const UndefinedVar: LintRule<[name: string, suggestion: string | undefined]> = {
  name: "UndefinedVar",
  description: "Variables should be defined before their use",
  message: (name, suggestion) => `Usage of undefined variable '$${name}'${suggestion ? ` (did you mean $${suggestion}?)` : ""}`,
};
