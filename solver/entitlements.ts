import { stepName } from "../core/step.js";
import type { Diagnostic } from "../core/diagnostics.js";
import { DiagnosticsError } from "../core/errors.js";
import { type GrantedRights, type Entitlement, missingEntitlements } from "../llb/entitlements.js";
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

const REASON: Readonly<Record<Entitlement, string>> = {
  "network.host": "it wants more of the network than this build gives its steps",
  "security.insecure": "it wants to run without a sandbox's limits, as root of this machine where root builds",
};

function notAllowed(step: string, entitlement: Entitlement, place: Pick<Diagnostic, "source" | "range">): Diagnostic {
  return {
    severity: "error",
    code: "build/not-allowed",
    message: `Cannot run "${step}": ${entitlement} is not allowed`,
    ...place,
    hint: `${REASON[entitlement]}; if you trust the Dockerfile and its base images, add --allow ${entitlement}`,
  };
}
