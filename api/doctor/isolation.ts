import { TsbuildError } from "../../core/errors.js";
import { chooseTier, type ChosenTier } from "../../executor-native/isolation/choose-tier.js";
import { containerSign } from "../../executor-native/isolation/container.js";
import { ISOLATION_VARIABLE, TIER_TEXTS, wantedIsolation } from "../../executor-native/tier.js";
import type { DoctorCheck } from "../options/doctor-types.js";
import { check } from "./check.js";

/** Returns how steps are kept apart from the machine here, and what was chosen. */
export function isolationCheck(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly check: DoctorCheck; readonly chosen: ChosenTier } {
  const title = "Isolation of steps";
  const controlledBy = [`${ISOLATION_VARIABLE} = ${env[ISOLATION_VARIABLE] ?? ""}`];
  try {
    const chosen = chooseTier(wantedIsolation(undefined, env), directory);
    const { tier, reason, copies } = chosen;
    const sign = containerSign();
    const place = sign === undefined ? "on a plain machine" : `in a container (${sign})`;
    const why = reason === undefined ? "" : `; ${reason}`;
    const roots = copies === undefined ? "" : ", on copies of their layers";
    return { check: check("isolation", title, { found: `${tier}: ${TIER_TEXTS[tier]}${roots}; ${place}${why}`, controlledBy }), chosen };
  } catch (error) {
    if (!(error instanceof TsbuildError)) throw error;
    return {
      check: check("isolation", title, { status: "missing", found: error.message, controlledBy, fix: error.hint }),
      chosen: { tier: "namespaces" },
    };
  }
}
