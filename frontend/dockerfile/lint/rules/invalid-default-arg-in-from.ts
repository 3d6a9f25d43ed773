import type { LintRule } from "../rule.js";

export const InvalidDefaultArgInFrom: LintRule<[base: string]> = {
  name: "InvalidDefaultArgInFrom",
  description: "Default value for global ARG results in an empty or invalid base image name",
  message: (base) => `Default value for ARG ${base} results in empty or invalid base image name`,
};
