import type { Attributes, ValuesOf } from "../../core/attributes.js";
import type { CACHE_TYPES } from "./backends.js";

export type { MountSelection } from "./attributes/common.js";

type Types = (typeof CACHE_TYPES)[number];
type FromOf<T> = T extends { readonly type: infer N; readonly attributes: { readonly from: infer F extends Attributes } }
  ? { readonly type: N } & ValuesOf<F>
  : never;
type ToOf<T> = T extends { readonly type: infer N; readonly attributes: { readonly to: infer F extends Attributes } }
  ? { readonly type: N } & ValuesOf<F>
  : never;

/** A cache that a build may take results from. An inline cache is read with `registry`. */
export type CacheFrom = FromOf<Types>;

/**
 * A cache that a build writes its results to. `inline` puts the keys into the image itself, whose
 * layers are then the cache.
 */
export type CacheTo = ToOf<Types>;
