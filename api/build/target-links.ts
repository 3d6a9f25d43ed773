import type { BuildOptions } from "../options/options.js";
import { targetCircle, unknownTarget } from "./errors.js";

/** Beginning of a context that is the result of another target. */
export const TARGET_SCHEME = "target:";

/** Returns the targets that a build's contexts name, by the contexts' names. */
export function linksOf({ buildContexts = {} }: BuildOptions): ReadonlyMap<string, string> {
  const links = Object.entries(buildContexts).filter(([, value]) => value.startsWith(TARGET_SCHEME));
  return new Map(links.map(([name, value]) => [name, value.slice(TARGET_SCHEME.length)]));
}

/**
 * Returns the names of the targets, each behind those that it is built from. Throws
 * `build/targets`.
 */
export function linkOrder(targets: Readonly<Record<string, BuildOptions>>): readonly string[] {
  const order = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (order.has(name)) return;
    if (path.includes(name)) throw targetCircle([...path.slice(path.indexOf(name)), name]);
    const target = Object.hasOwn(targets, name) ? targets[name] : undefined;
    if (!target) throw unknownTarget(name, path.at(-1) ?? name, Object.keys(targets));
    for (const linked of linksOf(target).values()) visit(linked, [...path, name]);
    order.add(name);
  };
  for (const name of Object.keys(targets)) visit(name, []);
  return [...order];
}
