import type { ExecOp } from "../../llb/ops.js";
import { NETWORK, SECURITY } from "../../llb/wire/numbers.js";
import type { MountMessage } from "../../llb/wire/write/mount-message.js";
import { omitEmpty, omitEmptyWithin } from "./go-json.js";

type Message = Readonly<Record<string, unknown>>;

/** Returns BuildKit's message of RUN in the JSON form of its Go type. */
export function execMessage(op: ExecOp, mounts: readonly MountMessage[]): Message {
  return omitEmpty({
    meta: omitEmpty({
      args: op.args,
      env: op.env,
      cwd: op.cwd,
      user: op.user,
      extraHosts: (op.extraHosts ?? []).map(({ host, ip }) => omitEmpty({ Host: host, IP: ip })),
      hostname: op.hostname,
      ulimit: (op.ulimits ?? []).map(({ name, soft, hard }) => omitEmpty({ Name: name, Soft: soft, Hard: hard })),
      removeMountStubsRecursive: true,
    }),
    mounts: mounts.map(omitEmptyWithin),
    network: NETWORK[op.network],
    security: SECURITY[op.security],
    secretenv: (op.secretEnv ?? []).map(({ id, name, optional }) => omitEmpty({ ID: id, name, optional })),
  });
}
