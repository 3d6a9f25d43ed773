import { badIsolation } from "./errors.js";

/** Ways to keep steps apart from the machine, best first. A `Tier` is one of them. */
export const TIERS = ["namespaces", "chroot", "supervised"] as const;
export type Tier = (typeof TIERS)[number];

/** Says of each tier how it keeps a step. */
export const TIER_TEXTS: Readonly<Record<Tier, string>> = {
  namespaces: "namespaces of their own",
  chroot: "a root of their own without namespaces, in this container",
  supervised: "paths that are translated, without any privilege, in this container",
};

/** A tier that is asked for; `auto` is the best that works. */
export type Isolation = "auto" | Tier;

/** Environment variable that says it where no option does. */
export const ISOLATION_VARIABLE = "TSBUILD_ISOLATION";

/** Words of docker's old flag; builders for Linux pass over all of them. */
export const DOCKER_ISOLATIONS: readonly string[] = ["default", "process", "hyperv"];

/** Reads the name of a tier. Throws `exec/isolation` for another word; `where` names its source. */
export function parseIsolation(text: string, where: string): Isolation {
  if (text === "" || DOCKER_ISOLATIONS.includes(text)) return "auto";
  if (text === "auto" || (TIERS as readonly string[]).includes(text)) return text as Isolation;
  throw badIsolation(where, text, TIERS);
}

/** Returns the tier that an option or the environment asks for. */
export function wantedIsolation(given: string | undefined, env: Readonly<Record<string, string | undefined>> = process.env): Isolation {
  if (given !== undefined) return parseIsolation(given, "isolation");
  return parseIsolation(env[ISOLATION_VARIABLE] ?? "", ISOLATION_VARIABLE);
}
