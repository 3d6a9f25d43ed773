import type { CacheType } from "../../cache/remote/backend.js";
import { CACHE_TYPES } from "../../cache/remote/backends.js";
import type { CacheFrom, CacheTo } from "../../cache/remote/options.js";
import { checkCompression } from "../../oci/layer/write/compress.js";
import { parseReference } from "../../oci/reference.js";
import type { AttributeForm, Attributes } from "../../core/attributes.js";

export type { CacheType } from "../../cache/remote/backend.js";
export { CACHE_TYPES } from "../../cache/remote/backends.js";

/**
 * Returns the attributes that a cache of this type has; undefined where it cannot be read or
 * written.
 */
export function cacheAttributes(type: string, direction: "from" | "to"): Attributes | undefined {
  const found: CacheType | undefined = CACHE_TYPES.find((candidate) => candidate.type === type);
  return found?.attributes[direction];
}

/** Returns the names of the types that can be read or written. */
export function cacheTypes(direction: "from" | "to"): readonly string[] {
  return CACHE_TYPES.filter(({ attributes }: CacheType) => attributes[direction] !== undefined).map(({ type }) => type);
}

/**
 * Returns the caches. Throws `reference/invalid` for one with a wrong name, `layer/…` for an
 * unsupported compression.
 */
export function checkedCaches<T extends CacheFrom | CacheTo>(caches: readonly T[], direction: "from" | "to"): readonly T[] {
  for (const cache of caches) {
    for (const ref of valuesOf(cache, direction, "reference")) parseReference(ref);
    if (!("compression" in cache || "compressionLevel" in cache)) continue;
    const { compression: type = "gzip", compressionLevel: level } = cache;
    checkCompression({ type, ...(level === undefined ? {} : { level }) });
  }
  return caches;
}

/** Returns the texts of a cache in attributes of one form. */
export function valuesOf(cache: CacheFrom | CacheTo, direction: "from" | "to", form: AttributeForm): readonly string[] {
  const values: Readonly<Record<string, unknown>> = cache;
  return Object.entries(cacheAttributes(cache.type, direction) ?? {}).flatMap(([name, attribute]) => {
    const value = values[name];
    return attribute.form === form && typeof value === "string" ? [value] : [];
  });
}
