import { type GrantedRights, isEntitlement } from "../../../llb/entitlements.js";
import { resolveLimits } from "../limits/resolve-limits.js";
import type { WithDefaults } from "../option.js";
import { resolveServices } from "../services/resolve-services.js";
import { checkJobs, checkShmSize, defaultNetwork, parseExtraHosts, parseUlimits } from "./step-options.js";
import type { BUILD_OPTIONS } from "../table.js";

/** Reads the options about RUN steps. Throws UsageError with `options/…`. */
export function resolveSteps(given: WithDefaults<typeof BUILD_OPTIONS>, env: Readonly<Record<string, string | undefined>>) {
  const network = given.network === "private" ? "default" : given.network;
  const granted: GrantedRights = { network, allow: new Set(given.allow.filter(isEntitlement)) };
  const byDefault = defaultNetwork(given.network, env);
  return {
    granted,
    network,
    /** Network of steps that ask for none; in no key. */
    defaultNetwork: byDefault,
    extraHosts: parseExtraHosts(given.addHosts),
    ulimits: parseUlimits(given.ulimits),
    shmSize: checkShmSize(given.shmSize),
    jobs: checkJobs(given.jobs),
    /** Steps wait until the memory that they took before is free. */
    fitMemory: given.jobs === "auto",
    services: resolveServices(given.services, { steps: network, byDefault, isProxied: given.proxyNetwork }),
    /** Limits of the steps; undefined when there are none. */
    limits: resolveLimits(given, env),
  };
}
