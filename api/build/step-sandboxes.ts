import type { EventSink } from "../../core/events.js";
import { OUTER_PROC_NOTICE } from "../../executor-native/errors.js";
import type { Sandboxes, StepNetwork } from "../../solver/ports.js";
import { stepAuthorities } from "../options/authorities.js";
import { proxyVariables } from "../options/build-args.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import type { BuildServices } from "../services/build-services.js";
import { LOOPBACK, networkOfSteps } from "../session/network-of-steps.js";
import type { Session } from "../session/session.js";
import type { StepProxies } from "../session/step-proxies.js";
import type { BuildDevices } from "./device-rights.js";

/** The options of a build that its steps' place is made of. */
export type SandboxOptions = Pick<
  ResolvedBuildOptions,
  "authorities" | "buildArgs" | "defaultNetwork" | "fitMemory" | "limits" | "proxyNetwork" | "services"
>;

interface StepParts {
  readonly workers: Session["workers"];
  readonly devices: BuildDevices;
  /** Services beside the steps. They are known once the Dockerfile is read. */
  readonly services: () => BuildServices | undefined;
  /** Proxies of the steps, where these are their only way out. */
  readonly proxies: StepProxies | undefined;
  readonly onEvent: EventSink;
}

/** Returns the place where the steps of one build run. */
export function stepSandboxes(build: SandboxOptions, { workers, devices, services, proxies, onEvent }: StepParts): Sandboxes {
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
      if (proxies && op.network !== "none") return behindProxy(proxies, op.network === "host" || build.defaultNetwork === "host");
      const own = await networks(op);
      const joined = op.network === "default" ? await services()?.join(own) : undefined;
      return joined ?? own;
    },
    ...(build.services.length > 0 && { identity: async () => await services()?.identity() }),
    ...(build.limits ? { limits: build.limits } : {}),
    fitMemory: build.fitMemory,
    devices: (requests) => devices.edits(requests),
    proxyEnv: proxyVariables(build.buildArgs),
    authorities: (op) =>
      proxies && op.network !== "none" ? proxies.authorities(build.authorities) : (trusted ??= stepAuthorities(build.authorities)),
  };
}

/** Returns the network of a step whose only way out is a proxy. It has no resolver. */
function behindProxy(proxies: StepProxies, fromHost: boolean): StepNetwork {
  return { kind: "none", resolvConf: "", gateway: LOOPBACK, openProxy: () => proxies.open(fromHost) };
}
