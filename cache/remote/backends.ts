import type { Attributes } from "../../core/attributes.js";
import { gha } from "./attributes/gha.js";
import { inline } from "./attributes/inline.js";
import { local } from "./attributes/local.js";
import { registry } from "./attributes/registry.js";
import { s3 } from "./attributes/s3.js";
import type { Backend } from "./backend.js";

/**
 * A type of cache: its attributes, and its program, which is loaded when a build has such a cache.
 */
export interface CacheType {
  readonly type: string;
  /** Attributes of a cache that is read, and of one that is written; without them it cannot be. */
  readonly attributes: { readonly from?: Attributes; readonly to?: Attributes };
  /** Type with which a cache is read that cannot be read with its own. */
  readonly readAs?: string;
  /** Values that are refused, each with the reason and the way out. */
  readonly refuses?: readonly { readonly key: string; readonly value: string; readonly found: string; readonly hint: string }[];
  /** Returns the program. Without it the cache is no place of its own. */
  readonly load?: () => Promise<Backend<never, never, unknown>>;
}

/** Every type of cache, in the order of messages. */
export const CACHE_TYPES = [
  { ...registry, load: async () => (await import("./registry.js")).backend },
  { ...local, load: async () => (await import("./local-directory.js")).backend },
  inline,
  { ...gha, load: async () => (await import("./gha.js")).backend },
  { ...s3, load: async () => (await import("./s3.js")).backend },
] as const satisfies readonly CacheType[];
