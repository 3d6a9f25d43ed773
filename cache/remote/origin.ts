import { canonicalJson } from "../../core/canonical.js";

/**
 * Where a layer of a cache can be fetched from, without secrets: a later build may need its bytes. Caches in registries are not among these:
 * their layers have an ordinary image reference as their origin.
 */
export type CacheOrigin =
  | { readonly type: "local"; readonly src: string }
  | { readonly type: "gha" }
  | {
      readonly type: "s3";
      readonly bucket: string;
      readonly region: string;
      /** Prefix of the blobs' keys. */
      readonly prefix: string;
      readonly endpoint?: string | undefined;
      readonly pathStyle?: boolean | undefined;
    };

/** Not the start of any image reference. */
const SCHEME = "cache:";

/** As a layer record keeps it. */
export function cacheOrigin(origin: CacheOrigin): string {
  return SCHEME + canonicalJson(origin);
}

/** The cache that an origin names; undefined when it is an image reference. */
export function parseCacheOrigin(text: string): CacheOrigin | undefined {
  return text.startsWith(`${SCHEME}{`) ? (JSON.parse(text.slice(SCHEME.length)) as CacheOrigin) : undefined;
}
