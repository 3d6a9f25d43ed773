import type { LintRule } from "../rule.js";

export const MultipleInstructionsDisallowed: LintRule<[keyword: string]> = {
  name: "MultipleInstructionsDisallowed",
  description: "Multiple instructions of the same type should not be used in the same stage",
  message: (keyword) => `Multiple ${keyword} instructions should not be used in the same stage because only the last one will be used`,
};
