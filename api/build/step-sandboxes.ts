import type { EventSink } from "../../core/events.js";
import { OUTER_PROC_NOTICE } from "../../executor-native/errors.js";
import type { Sandboxes } from "../../solver/ports.js";
import { stepAuthorities } from "../options/authorities.js";
import { proxyVariables } from "../options/build-args.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import type { BuildServices } from "../services/build-services.js";
import { networkOfSteps } from "../session/network-of-steps.js";
import type { Session } from "../session/session.js";
import type { BuildDevices } from "./device-rights.js";

/** The options of a build that its steps' place is made of. */
export type SandboxOptions = Pick<
  ResolvedBuildOptions,
  "authorities" | "buildArgs" | "defaultNetwork" | "fitMemory" | "limits" | "services"
>;

interface StepParts {
  readonly workers: Session["workers"];
  readonly devices: BuildDevices;
  /** Services beside the steps. They are known once the Dockerfile is read. */
  readonly services: () => BuildServices | undefined;
  readonly onEvent: EventSink;
}

/** Returns the place where the steps of one build run. */
export function stepSandboxes(build: SandboxOptions, { workers, devices, services, onEvent }: StepParts): Sandboxes {
  const networks = networkOfSteps(build.defaultNetwork, () => workers.sharedNetwork());
  let warned = false;
  let trusted: ReturnType<typeof stepAuthorities> | undefined;
  return {
    worker: async () => {
      const started = await workers.worker();
      if (started.outerProc && !warned) onEvent({ type: "warning", diagnostic: OUTER_PROC_NOTICE });
      warned = true;
      return started;
    },
    expect: () => workers.expectSteps(),
    network: async (op) => {
      const own = await networks(op);
      const joined = op.network === "default" ? await services()?.join(own) : undefined;
      return joined ?? own;
    },
    ...(build.services.length > 0 && { identity: async () => await services()?.identity() }),
    ...(build.limits ? { limits: build.limits } : {}),
    fitMemory: build.fitMemory,
    devices: (requests) => devices.edits(requests),
    proxyEnv: proxyVariables(build.buildArgs),
    authorities: () => (trusted ??= stepAuthorities(build.authorities)),
  };
}
