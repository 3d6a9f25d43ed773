import type { ExecOp, Op } from "./ops.js";

/**
 * Rights beyond those of an ordinary step, by BuildKit's names. A graph asks for them, and only the
 * caller of a build gives them.
 */
export const ENTITLEMENTS = ["network.host", "security.insecure"] as const;

export type Entitlement = (typeof ENTITLEMENTS)[number];

/** What the caller of a build lets its steps do. */
export interface Consent {
  /** The most of the network that a step gets without an entitlement. */
  readonly network: ExecOp["network"];
  readonly allow: ReadonlySet<Entitlement>;
}

/** From the least to the most. */
const NETWORKS: readonly ExecOp["network"][] = ["none", "default", "host"];

/** Answers which rights an operation asks for that the caller did not give. */
export function missingEntitlements(op: Op, { network, allow }: Consent): readonly Entitlement[] {
  if (op.kind !== "exec") return [];
  const needed: Entitlement[] = [];
  if (NETWORKS.indexOf(op.network) > NETWORKS.indexOf(network)) needed.push("network.host");
  if (op.security !== "sandbox") needed.push("security.insecure");
  return needed.filter((entitlement) => !allow.has(entitlement));
}
