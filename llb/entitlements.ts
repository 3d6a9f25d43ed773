import type { ExecOp, Op } from "./ops.js";

/**
 * Rights beyond those of an ordinary step, by BuildKit's names. A graph asks for them, and only the
 * caller of a build grants them.
 */
const ENTITLEMENTS = ["network.host", "security.insecure"] as const;

export type Entitlement = (typeof ENTITLEMENTS)[number];

/**
 * A right in the spelling of the flag that grants it: an entitlement, the reading of a directory of
 * the machine, all its devices, or one.
 */
export type Right = Entitlement | `fs.read=${string}` | "device" | `device=${string}`;

/** Spellings of rights, for messages. */
export const RIGHT_FORMS: readonly string[] = [...ENTITLEMENTS, "fs.read=DIR", "device", "device=NAME"];

export function isRight(value: unknown): value is Right {
  return typeof value === "string" && (isEntitlement(value) || value === "device" || /^(?:fs\.read|device)=./s.test(value));
}

export function isEntitlement(right: string): right is Entitlement {
  return (ENTITLEMENTS as readonly string[]).includes(right);
}

/** Decides about the devices that steps ask for. */
export interface DeviceRights {
  /** Returns the required ones that are not there, and the names of those that were not granted. */
  check(devices: NonNullable<ExecOp["devices"]>): Promise<{ readonly missing: readonly string[]; readonly refused: readonly string[] }>;
}

/** Rights that the caller of a build grants to its steps. */
export interface GrantedRights {
  /** The widest network that a step gets without an entitlement. */
  readonly network: ExecOp["network"];
  readonly allow: ReadonlySet<Entitlement>;
  /** Devices of the machine; without it there are none. */
  readonly devices?: DeviceRights;
  /** Directories of the machine that steps may ask for, by the names of their contexts. */
  readonly directories?: ReadonlyMap<string, { readonly path: string; readonly allowed: boolean }>;
}

/** Networks from the narrowest to the widest. */
const NETWORKS: readonly ExecOp["network"][] = ["none", "default", "host"];

/** Returns the rights that an operation asks for and the caller did not grant. */
export function missingEntitlements(op: Op, { network, allow, directories }: GrantedRights): readonly Right[] {
  if (op.kind !== "exec") return [];
  const needed: Entitlement[] = [];
  if (NETWORKS.indexOf(op.network) > NETWORKS.indexOf(network)) needed.push("network.host");
  if (op.security !== "sandbox") needed.push("security.insecure");
  const hosts = new Set(op.mounts.flatMap((mount) => (mount.type === "bind" && mount.host !== undefined ? [mount.host] : [])));
  const unread = [...hosts].flatMap((name): readonly Right[] => {
    const directory = directories?.get(name);
    return directory?.allowed ? [] : [`fs.read=${directory?.path ?? name}`];
  });
  return [...needed.filter((entitlement) => !allow.has(entitlement)), ...unread];
}
