import { Limiter, thisMachine } from "./limiter.js";
import type { LimitRequest, LimitsReport } from "./limits.js";
import { hasUserManager } from "./user-scope.js";

/** A limit of each kind that no step reaches. */
const EVERY: LimitRequest = {
  step: { memory: 2 ** 40, pids: 4_000_000, cpuShares: 1024 },
  build: { cpusetMems: "0" },
  strict: false,
};

/**
 * Returns how limits hold for a build of this process. `hasManager`: systemd would give it a scope.
 */
export function tryLimits(): { readonly report: LimitsReport; readonly hasManager: boolean } {
  const limiter = new Limiter(thisMachine());
  try {
    return { report: limiter.report(EVERY), hasManager: hasUserManager() };
  } finally {
    limiter.close();
  }
}
