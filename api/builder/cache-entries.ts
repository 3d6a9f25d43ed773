import { CACHE_TYPES } from "../../cache/remote/backends.js";
import type { CacheFrom, CacheTo } from "../../cache/remote/options.js";
import type { Attribute, Attributes } from "../../core/attributes.js";
import { notRemote } from "./errors.js";
import type { CacheEntry, LocalCaches } from "./local-caches.js";

/** Attributes that only this program has. */
const OWN: readonly string[] = ["mounts"];

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the caches that a build reads, in BuildKit's words. */
export function importedCaches(caches: readonly CacheFrom[], local: LocalCaches, env: Environment = process.env): readonly CacheEntry[] {
  return caches.flatMap((cache) => {
    const entry = entryOf(cache, env);
    return cache.type === "local" ? (local.from(cache) ?? []) : entry;
  });
}

/** Returns the caches that a build writes, in BuildKit's words. */
export async function exportedCaches(
  caches: readonly CacheTo[],
  local: LocalCaches,
  env: Environment = process.env,
): Promise<readonly CacheEntry[]> {
  const entries: CacheEntry[] = [];
  for (const cache of caches) {
    const entry = entryOf(cache, env);
    entries.push(cache.type === "local" ? await local.to(cache, entry.Attrs) : entry);
  }
  return entries;
}

/** Returns a cache in BuildKit's words: attributes by their names on the command line. */
function entryOf(cache: CacheFrom | CacheTo, env: Environment): CacheEntry {
  if (cache.type === "inline")
    throw notRemote("type=inline", "the config of the image is made here, and the keys of its steps are the builder's");
  const { type, ...values } = cache;
  const table: Attributes = Object.assign({}, ...Object.values(CACHE_TYPES.find((one) => one.type === type)?.attributes ?? {}));
  const entries = Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (OWN.includes(name)) throw notRemote(`${name} of a cache`, "cache mounts stay with the builder");
    return [[table[name]?.key ?? name, textOf(value, table[name])] as const];
  });
  return { Type: type, Attrs: new Map([...(type === "gha" ? serviceOf(env) : []), ...entries]) };
}

function textOf(value: unknown, attribute: Attribute | undefined): string {
  if (Array.isArray(value)) return value.join(attribute?.separator ?? ",");
  return `${String(value)}${attribute?.form === "duration" ? "ms" : ""}`;
}

/** Returns the attributes of GitHub's service, which only this side's environment has. */
function serviceOf(env: Environment): readonly (readonly [string, string])[] {
  const given = [
    ["token", env["ACTIONS_RUNTIME_TOKEN"]],
    ["url", env["ACTIONS_CACHE_URL"]],
    ["url_v2", env["ACTIONS_RESULTS_URL"]],
  ] as const;
  return given.flatMap(([name, value]) => (value ? [[name, value] as const] : []));
}
