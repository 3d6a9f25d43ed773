import type { LintRule } from "../rule.js";

export const JSONArgsRecommended: LintRule<[keyword: string]> = {
  name: "JSONArgsRecommended",
  description: "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
  message: (keyword) => `JSON arguments recommended for ${keyword} to prevent unintended behavior related to OS signals`,
};
