import type { StepNetwork } from "../../solver/ports.js";
import { networkOfSteps } from "../session/network-of-steps.js";
import type { BuildOptions } from "../options/options.js";
import { defaultNetwork } from "../options/steps/step-options.js";
import type { Session } from "../session/session.js";

/** Returns the network of a command, as a RUN step with this `--network` has it. */
export function commandNetwork(given: BuildOptions["network"] = "default", { workers }: Pick<Session, "workers">): Promise<StepNetwork> {
  const own = networkOfSteps(defaultNetwork(given, process.env), () => workers.sharedNetwork());
  return own({ network: given === "none" || given === "host" ? given : "default" });
}
