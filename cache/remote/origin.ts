import { canonicalJson } from "../../core/canonical.js";

/**
 * Place where a layer of a cache can be fetched, without secrets: a later build may need its bytes.
 * Layers of caches in registries have an ordinary image reference as their origin.
 */
export interface CacheOrigin {
  /** Type of the cache, whose module reads the other members. */
  readonly type: string;
  readonly [member: string]: string | boolean | undefined;
}

/** Scheme that no image reference begins with. */
const SCHEME = "cache:";

/** Returns an origin in the form of a layer record. */
export function cacheOrigin(origin: CacheOrigin): string {
  return SCHEME + canonicalJson(origin);
}

/** Returns the cache that an origin names; undefined for an image reference. */
export function parseCacheOrigin(text: string): CacheOrigin | undefined {
  return text.startsWith(`${SCHEME}{`) ? (JSON.parse(text.slice(SCHEME.length)) as CacheOrigin) : undefined;
}
