import type { LintRule } from "../rule.js";

export const ExposeInvalidFormat: LintRule<[port: string]> = {
  name: "ExposeInvalidFormat",
  description: "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release",
  message: (port) => `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
};
