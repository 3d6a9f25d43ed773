import { TsbuildError } from "../../core/errors.js";
import { chooseTier } from "../../executor-native/isolation/choose-tier.js";
import { containerSign } from "../../executor-native/isolation/container.js";
import { ISOLATION_VARIABLE, type Tier, TIER_TEXTS, wantedIsolation } from "../../executor-native/tier.js";
import type { DoctorCheck } from "../options/doctor-types.js";
import { check } from "./check.js";

/** Returns how steps are kept apart from the machine here, and the tier. */
export function isolationCheck(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly check: DoctorCheck; readonly tier: Tier } {
  const title = "Isolation of steps";
  const controlledBy = [`${ISOLATION_VARIABLE} = ${env[ISOLATION_VARIABLE] ?? ""}`];
  try {
    const { tier, reason } = chooseTier(wantedIsolation(undefined, env), directory);
    const sign = containerSign();
    const place = sign === undefined ? "on a plain machine" : `in a container (${sign})`;
    const why = reason === undefined ? "" : `; ${reason}`;
    return { check: check("isolation", title, { found: `${tier}: ${TIER_TEXTS[tier]}; ${place}${why}`, controlledBy }), tier };
  } catch (error) {
    if (!(error instanceof TsbuildError)) throw error;
    return {
      check: check("isolation", title, { status: "missing", found: error.message, controlledBy, fix: error.hint }),
      tier: "namespaces",
    };
  }
}
