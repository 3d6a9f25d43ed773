import { ownershipHere } from "../../executor-native/id-map.js";
import { isHostRoot } from "../../executor-native/ownership.js";

/**
 * Ids of a step relative to the machine's: the host's root, a range of ids, or one id (an ordinary
 * user's, or root's).
 */
export type Tier = "root" | "subids" | "virtual" | "root-virtual";

export function tierHere(): Tier {
  if (ownershipHere() === "virtual") return isHostRoot() ? "root-virtual" : "virtual";
  return isHostRoot() ? "root" : "subids";
}

/**
 * Outcome of an attempt: the name of an error, or its findings. Several are listed where kernels
 * differ.
 */
export type Outcome = string | readonly string[];

/** Builder of a tier, and the /proc that steps see. */
export interface Situation {
  readonly tier: Tier;
  readonly outerProc: boolean;
}

/**
 * The outcome on every machine. It can depend on one of three things: whether id 0 of the step is
 * the host's root, whether owners are virtual, and whether the step sees the outer /proc.
 */
export type Expected =
  | Outcome
  | { readonly hostRoot: Outcome; readonly others: Outcome }
  | { readonly mapped: Outcome; readonly virtual: Outcome }
  | { readonly ownProc: Outcome; readonly outerProc: Outcome };

export function outcomesIn(situation: Situation, expected: Expected): readonly string[] {
  const outcome = outcomeIn(situation, expected);
  return typeof outcome === "string" ? [outcome] : outcome;
}

function outcomeIn({ tier, outerProc }: Situation, expected: Expected): Outcome {
  if (typeof expected === "string" || !isByTier(expected)) return expected;
  if ("hostRoot" in expected) return tier === "root" || tier === "root-virtual" ? expected.hostRoot : expected.others;
  if ("ownProc" in expected) return outerProc ? expected.outerProc : expected.ownProc;
  return tier === "virtual" || tier === "root-virtual" ? expected.virtual : expected.mapped;
}

function isByTier(expected: Exclude<Expected, string>): expected is Exclude<Expected, Outcome> {
  return !Array.isArray(expected);
}
