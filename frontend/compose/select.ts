import { noService } from "./errors.js";
import { SERVICE_PREFIX } from "./paths.js";
import type { ComposeProject, ComposeService } from "./project.js";

interface Selection {
  /** Services by name; none is every one that the profiles have. */
  readonly services: readonly string[];
  /** Profiles that are active; `*` is every one. */
  readonly profiles: readonly string[];
  /** True to build what the services need to run as well. */
  readonly dependencies: boolean;
}

/**
 * Returns the services to build, in the order of their names. A service that is named counts
 * whatever its profiles. Throws UsageError with `compose/no-service`.
 */
export function selectServices(
  { services }: ComposeProject,
  { services: names, profiles, dependencies }: Selection,
): readonly ComposeService[] {
  for (const name of names) if (!services.has(name)) throw noService(name, [...services.keys()]);
  const active = [...services.values()].filter((service) => isActive(service, profiles)).map(({ name }) => name);
  const chosen = new Set<string>();
  const add = (name: string): void => {
    const service = services.get(name);
    if (!service || chosen.has(name)) return;
    chosen.add(name);
    // An image that is a context is made before it is used.
    for (const value of service.build?.contexts.values() ?? [])
      if (value.startsWith(SERVICE_PREFIX)) add(value.slice(SERVICE_PREFIX.length));
    if (dependencies) for (const needed of service.needs) add(needed);
  };
  for (const name of names.length > 0 ? names : active) add(name);
  return [...chosen]
    .sort()
    .map((name) => services.get(name) as ComposeService)
    .filter(({ build }) => build);
}

function isActive({ profiles }: ComposeService, active: readonly string[]): boolean {
  return profiles.length === 0 || active.includes("*") || profiles.some((profile) => active.includes(profile));
}
