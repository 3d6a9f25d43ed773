import type { Environment } from "../../net/proxy.js";
import type { Backend, BackendContext, CacheSource, CacheTarget, CacheType } from "./backend.js";
import { CACHE_TYPES } from "./backends.js";
import type { CacheFrom, CacheTo } from "./options.js";
import { parseCacheOrigin } from "./origin.js";

/** Returns the program of a type of cache. */
async function backend(type: string): Promise<Backend<CacheFrom, CacheTo>> {
  const found: CacheType | undefined = CACHE_TYPES.find((candidate) => candidate.type === type);
  if (found?.load === undefined) throw new Error(`internal: no program for caches of type ${type}`);
  return (await found.load()) as Backend<CacheFrom, CacheTo>;
}

/**
 * Opens the place that a cache is read from. Returns undefined for one that does not exist here
 * (`gha` outside GitHub Actions).
 */
export async function openSource(options: CacheFrom, context: BackendContext): Promise<CacheSource | undefined> {
  return (await backend(options.type)).source?.(options, context);
}

/** Throws as {@link Backend.check} does. Does nothing for a cache that is no place of its own. */
export async function checkTarget(options: CacheTo, env: Environment): Promise<void> {
  const found: CacheType | undefined = CACHE_TYPES.find((candidate) => candidate.type === options.type);
  if (found?.load !== undefined) (await backend(options.type)).check?.(options, env);
}

/** Opens the place that a cache is written to. Returns undefined as {@link openSource} does. */
export async function openTarget(options: CacheTo, context: BackendContext): Promise<CacheTarget | undefined> {
  return (await backend(options.type)).target?.(options, context);
}

/**
 * Opens the cache that a layer of an earlier build came from, with the credentials of this build.
 * Returns undefined for a layer of an image.
 */
export async function openOrigin(origin: string, context: BackendContext): Promise<CacheSource | undefined> {
  const parsed = parseCacheOrigin(origin);
  if (parsed === undefined) return undefined;
  const program = await backend(parsed.type);
  const options = program.origin?.(parsed);
  return options && program.source?.(options, context);
}
