import type { LintRule } from "../rule.js";

export const ExposeProtoCasing: LintRule<[port: string]> = {
  name: "ExposeProtoCasing",
  description: "Protocol in EXPOSE instruction should be lowercase",
  message: (port) => `Defined protocol '${port}' in EXPOSE instruction should be lowercase`,
};
