import type { SandboxMount, SandboxSpec, TerminalSize } from "../../executor-native/contract.js";
import { hostsFile, STEP_HOSTNAME } from "../../solver/ops/step-files.js";
import type { BuildSecrets } from "../sources/build-secrets.js";
import type { CommandPlace } from "../commands/run-on-layers.js";
import type { StepState } from "./state.js";

/** Script with the command of the step, in the step. */
const STEP_SCRIPT = "/run/tsbuild/step";

interface Place extends Pick<CommandPlace, "rootfs" | "network"> {
  readonly args: readonly string[];
  readonly mounts: readonly SandboxMount[];
  readonly user?: string | undefined;
  readonly terminal?: TerminalSize | undefined;
}

/**
 * Returns the sandbox of a step with another command. Secrets that were not given again are
 * not there.
 */
export function stepSpec(step: StepState, secrets: { readonly value: BuildSecrets["get"] }, place: Place): SandboxSpec {
  const { op, platform } = step;
  const variables = step.secretEnv.flatMap(({ id, name }) => {
    const value = secrets.value(id);
    return value ? [`${name}=${Buffer.from(value).toString("utf8")}`] : [];
  });
  const files = step.secrets.flatMap((mount): readonly SandboxMount[] => {
    const { id, dest, uid, gid, mode } = mount;
    const value = secrets.value(id);
    return value ? [{ type: "file", dest, data: Buffer.from(value).toString("base64"), uid, gid, mode }] : [];
  });
  return {
    rootfs: place.rootfs,
    mounts: [...step.mounts, ...files, ...place.mounts, ...script(op.args)],
    args: place.args,
    env: [...(place.terminal ? ["TERM=xterm"] : []), ...op.env, ...variables],
    cwd: op.cwd,
    user: place.user ?? op.user,
    hostname: op.hostname ?? STEP_HOSTNAME,
    network: place.network.kind,
    security: "sandbox",
    hosts: hostsFile(op, place.network.gateway),
    resolvConf: place.network.resolvConf,
    interactive: true,
    ...(place.terminal && { terminal: place.terminal }),
    ...(platform === undefined ? {} : { platform }),
    ...(op.ulimits && { ulimits: op.ulimits }),
    ...(op.shmSize === undefined ? {} : { shmSize: op.shmSize }),
    ...(step.limits && { limits: step.limits }),
  };
}

/** Returns a file with the command of a step, which only RUN has. */
function script(args: readonly string[]): readonly SandboxMount[] {
  if (args.length === 0) return [];
  const text = `exec ${args.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ")}\n`;
  return [{ type: "file", dest: STEP_SCRIPT, data: Buffer.from(text).toString("base64"), uid: 0, gid: 0, mode: 0o755 }];
}
