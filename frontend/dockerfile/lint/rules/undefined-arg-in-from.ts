import type { LintRule } from "../rule.js";

export const UndefinedArgInFrom: LintRule<[name: string, suggestion: string | undefined]> = {
  name: "UndefinedArgInFrom",
  description: "FROM command must use declared ARGs",
  message: (name, suggestion) => `FROM argument '${name}' is not declared${suggestion ? ` (did you mean ${suggestion}?)` : ""}`,
};
