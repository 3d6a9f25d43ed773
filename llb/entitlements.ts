import type { ExecOp, Op } from "./ops.js";

/**
 * Rights beyond those of an ordinary step, by BuildKit's names. A graph asks for them, and only the
 * caller of a build grants them.
 */
export const ENTITLEMENTS = ["network.host", "security.insecure"] as const;

export type Entitlement = (typeof ENTITLEMENTS)[number];

/** Rights that the caller of a build grants to its steps. */
export interface GrantedRights {
  /** The widest network that a step gets without an entitlement. */
  readonly network: ExecOp["network"];
  readonly allow: ReadonlySet<Entitlement>;
}

/** Networks from the narrowest to the widest. */
const NETWORKS: readonly ExecOp["network"][] = ["none", "default", "host"];

/** Returns the rights that an operation asks for and the caller did not grant. */
export function missingEntitlements(op: Op, { network, allow }: GrantedRights): readonly Entitlement[] {
  if (op.kind !== "exec") return [];
  const needed: Entitlement[] = [];
  if (NETWORKS.indexOf(op.network) > NETWORKS.indexOf(network)) needed.push("network.host");
  if (op.security !== "sandbox") needed.push("security.insecure");
  return needed.filter((entitlement) => !allow.has(entitlement));
}
