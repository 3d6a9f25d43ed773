import { CACHE_TYPES } from "../../cache/remote/backends.js";
import type { CacheFrom, CacheTo } from "../../cache/remote/options.js";
import type { Attributes } from "../../core/attributes.js";
import { notRemote } from "./errors.js";

/** A cache as BuildKit takes it. */
export interface CacheEntry {
  readonly Type: string;
  readonly Attrs: ReadonlyMap<string, string>;
}

/** Attributes that only this program has. */
const OWN: readonly string[] = ["mounts"];

/**
 * Returns caches in BuildKit's words: attributes by their names on the command line. A directory of
 * this machine, and an inline cache, cannot be the builder's.
 */
export function cacheEntries(
  caches: readonly (CacheFrom | CacheTo)[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): readonly CacheEntry[] {
  return caches.map((cache) => {
    if (cache.type === "local")
      throw notRemote("a cache of type=local", "the directory is on this machine, and the builder's cache is there");
    if (cache.type === "inline")
      throw notRemote("type=inline", "the config of the image is made here, and the keys of its steps are the builder's");
    const { type, ...values } = cache;
    const table: Attributes = Object.assign({}, ...Object.values(CACHE_TYPES.find((one) => one.type === type)?.attributes ?? {}));
    const entries = Object.entries(values).flatMap(([name, value]) => {
      if (value === undefined) return [];
      if (OWN.includes(name)) throw notRemote(`${name} of a cache`, "cache mounts stay with the builder");
      return [[table[name]?.key ?? name, textOf(value, table[name]?.separator)] as const];
    });
    return { Type: type, Attrs: new Map([...(type === "gha" ? serviceOf(env) : []), ...entries]) };
  });
}

function textOf(value: unknown, separator = ","): string {
  return Array.isArray(value) ? value.join(separator) : String(value);
}

/** Returns the attributes of GitHub's service, which only this side's environment has. */
function serviceOf(env: Readonly<Record<string, string | undefined>>): readonly (readonly [string, string])[] {
  const given = [
    ["token", env["ACTIONS_RUNTIME_TOKEN"]],
    ["url", env["ACTIONS_CACHE_URL"]],
    ["url_v2", env["ACTIONS_RESULTS_URL"]],
  ] as const;
  return given.flatMap(([name, value]) => (value ? [[name, value] as const] : []));
}
