import type { LintRule } from "../rule.js";

export const LegacyKeyValueFormat: LintRule<[keyword: string]> = {
  name: "LegacyKeyValueFormat",
  description: "Legacy key/value format with whitespace separator should not be used",
  message: (keyword) => `"${keyword} key=value" should be used instead of legacy "${keyword} key value" format`,
};
