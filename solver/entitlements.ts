import { stepName } from "../core/step.js";
import type { Diagnostic } from "../core/diagnostics.js";
import { DiagnosticsError } from "../core/errors.js";
import { type GrantedRights, missingEntitlements, type Right } from "../llb/entitlements.js";
import type { Vertex } from "../llb/vertex.js";

/**
 * Throws `build/not-allowed` for every step of a graph that asks for more than the caller granted.
 * The check runs before any key is looked up, so a step that is cached from a build with more
 * rights is refused as well. Note that we check the graph and not the Dockerfile, because ONBUILD
 * triggers and graphs made by hand ask for rights, too.
 */
export function requireEntitlements(order: readonly Vertex[], granted: GrantedRights): void {
  const refused = new Map<string, Diagnostic>();
  for (const { op, metadata } of order) {
    for (const entitlement of missingEntitlements(op, granted)) {
      const { source, range } = metadata;
      const name = stepName(metadata.step);
      // Platforms share their instructions.
      const place = source && range ? `${source.name} ${range.start}` : name;
      refused.set(`${entitlement} ${place}`, notAllowed(name, entitlement, source && range ? { source, range } : {}));
    }
  }
  if (refused.size > 0) throw new DiagnosticsError([...refused.values()]);
}

/**
 * Throws for every step that requires a device that is not there (`build/device-not-found`), or
 * asks for one that the caller did not grant (`build/not-allowed`).
 */
export async function requireDevices(order: readonly Vertex[], { devices: rights }: GrantedRights): Promise<void> {
  const problems = new Map<string, Diagnostic>();
  for (const { op, metadata } of order) {
    if (op.kind !== "exec" || !op.devices) continue;
    const { source, range } = metadata;
    const place = source && range ? { source, range } : {};
    const name = stepName(metadata.step);
    const required = op.devices.filter(({ optional }) => !optional).map((device) => device.name);
    const { missing, refused } = (await rights?.check(op.devices)) ?? { missing: required, refused: [] };
    const at = source && range ? `${source.name} ${range.start}` : name;
    for (const device of missing) problems.set(`${device} ${at}`, deviceMissing(name, device, place));
    for (const device of refused) problems.set(`${device} ${at}`, notAllowed(name, `device=${device}`, place));
  }
  if (problems.size > 0) throw new DiagnosticsError([...problems.values()]);
}

function deviceMissing(step: string, device: string, place: Pick<Diagnostic, "source" | "range">): Diagnostic {
  return {
    severity: "error",
    code: "build/device-not-found",
    message: `Cannot run "${step}": there is no device "${device}" on this machine`,
    ...place,
    hint: "tsbuild doctor lists the devices; without ,required the step runs, and does not find the device",
  };
}

/** Reasons by the name of the right, without its value. */
const REASON: Readonly<Record<string, string>> = {
  "network.host": "it wants more of the network than this build gives its steps",
  "security.insecure": "it wants to run without a sandbox's limits, as root of this machine where root builds",
  device: "it wants a device of this machine",
  "fs.read": "it wants to read a directory of this machine, and no copy of it",
};

function notAllowed(step: string, entitlement: Right, place: Pick<Diagnostic, "source" | "range">): Diagnostic {
  return {
    severity: "error",
    code: "build/not-allowed",
    message: `Cannot run "${step}": ${entitlement} is not allowed`,
    ...place,
    hint: `${REASON[entitlement.split("=", 1)[0] ?? ""]}; if you trust the Dockerfile and its base images, add --allow ${entitlement}`,
  };
}
