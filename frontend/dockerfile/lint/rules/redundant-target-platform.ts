import type { LintRule } from "../rule.js";

export const RedundantTargetPlatform: LintRule<[word: string]> = {
  name: "RedundantTargetPlatform",
  description: "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
  message: (word) => `Setting platform to predefined ${word} in FROM is redundant as this is the default behavior`,
};
