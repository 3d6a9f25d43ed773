import { quote } from "../../../../core/go-values/quote.js";
import type { LintRule } from "../rule.js";

export const CopyIgnoredFile: LintRule<[instruction: string, file: string]> = {
  name: "CopyIgnoredFile",
  description: "Attempting to Copy file that is excluded by .dockerignore",
  message: (instruction, file) => `Attempting to ${instruction} file ${quote(file)} that is excluded by .dockerignore`,
};
