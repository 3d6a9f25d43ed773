import type { ExecOp } from "../../ops.js";
import type { ValueOf } from "../message.js";
import { NETWORK, SECURITY } from "../numbers.js";
import type { EXEC } from "../operations.js";
import type { MountMessage } from "./mount-message.js";

/**
 * Returns the message of a RUN with its mounts, and its members in the order of BuildKit's Go type.
 * `address` gives the address of a host. Devices are no part of it. Keys, provenance and
 * definitions have this message.
 */
export function commandMessage(
  { args, env, cwd, user, extraHosts, hostname, ulimits, network, security, secretEnv }: ExecOp,
  mounts: readonly MountMessage[],
  address: (host: string, ip: string) => string = (_, ip) => ip,
): ValueOf<typeof EXEC> {
  return {
    meta: {
      args,
      env,
      cwd,
      user,
      ...(extraHosts && { extraHosts: extraHosts.map(({ host, ip }) => ({ Host: host, IP: address(host, ip) })) }),
      ...(hostname !== undefined && { hostname }),
      ...(ulimits && { ulimit: ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })) }),
      removeMountStubsRecursive: true,
    },
    mounts,
    network: NETWORK[network],
    security: SECURITY[security],
    ...(secretEnv && { secretenv: secretEnv.map(({ id, name, optional }) => ({ ID: id, name, optional })) }),
  };
}
