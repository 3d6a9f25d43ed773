import { readFileSync } from "node:fs";
import { privateNetworkFailed } from "../../executor-native/network/errors.js";
import type { Sandboxes, StepNetwork } from "../../solver/ports.js";
import type { DefaultNetwork } from "../options/steps/step-options.js";
import type { SharedNetwork } from "./step-networks.js";

export const LOOPBACK = "127.0.0.1";

/**
 * Returns the port that gives steps their network. `wanted` is for steps that ask for none;
 * `shared` starts a network of their own with the first of them.
 */
export function networkOfSteps(wanted: DefaultNetwork, shared: () => Promise<SharedNetwork>): Sandboxes["network"] {
  let noticed = false;
  const outside = (kind: "host" | "none"): StepNetwork => ({ kind, resolvConf: hostResolvers(), gateway: LOOPBACK });
  return async ({ network }) => {
    if (network !== "default") return outside(network);
    if (wanted === "host") return outside("host");
    const found = await shared();
    if (found.kind === "private") {
      const { resolvConf, gateway = LOOPBACK, place } = found;
      return { kind: "private", resolvConf, gateway, place };
    }
    if (wanted === "private") throw privateNetworkFailed(found);
    const notice = `steps share the host's network: ${found.problem}. ${found.hint}`;
    const first = !noticed;
    noticed = true;
    return { ...outside("host"), ...(first && { notice }) };
  };
}

/** Reads the resolvers of the host, for steps that share its network. */
function hostResolvers(): string {
  try {
    return readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    return "";
  }
}
