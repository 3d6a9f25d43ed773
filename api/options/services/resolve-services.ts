import { parseMilliseconds } from "../../../core/go-values/duration.js";
import { badService } from "../errors.js";
import type { ServiceOptions } from "./types.js";
import type { DefaultNetwork } from "../steps/step-options.js";

/** A service whose options were checked. */
export interface ResolvedService extends ServiceOptions {
  readonly name: string;
  /** Milliseconds until it has to be ready. */
  readonly patience: number;
}

const PATIENCE = "2m";

/** Checks services. Throws `options/invalid`. `network` is that of the steps. */
export function resolveServices(
  services: Readonly<Record<string, ServiceOptions>>,
  network: { readonly steps: string; readonly byDefault: DefaultNetwork; readonly isProxied: boolean },
): readonly ResolvedService[] {
  return Object.entries(services).map(([name, service]) => {
    if (!/^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i.test(name) || name === "localhost")
      throw badService(name, "its name is no host name of letters, digits, dots and dashes");
    if (typeof service.image !== "string" || service.image === "") throw badService(name, "it has no image");
    if (network.steps !== "default" || network.byDefault === "host")
      throw badService(
        name,
        "steps reach it in a network of their own, and they have another one",
        "Leave out --network and TSBUILD_NETWORK",
      );
    if (network.isProxied) throw badService(name, "steps reach nothing but the web with --proxy-network", "Leave out one of the two");
    const patience = parseMilliseconds(service.timeout ?? PATIENCE);
    if (!patience) throw badService(name, `"${service.timeout}" is no duration such as 30s or 2m`);
    return { ...service, name, patience };
  });
}
