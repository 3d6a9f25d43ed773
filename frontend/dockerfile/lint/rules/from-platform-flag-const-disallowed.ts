import { quote } from "../../../../core/go-values/quote.js";
import type { LintRule } from "../rule.js";

export const FromPlatformFlagConstDisallowed: LintRule<[platform: string]> = {
  name: "FromPlatformFlagConstDisallowed",
  description: "FROM --platform flag should not use a constant value",
  message: (platform) => `FROM --platform flag should not use constant value ${quote(platform)}`,
};
