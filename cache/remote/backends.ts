import { gha } from "./attributes/gha.js";
import { inline } from "./attributes/inline.js";
import { local } from "./attributes/local.js";
import { registry } from "./attributes/registry.js";
import { s3 } from "./attributes/s3.js";
import type { CacheType } from "./backend.js";

/** Every type of cache, in the order of messages. */
export const CACHE_TYPES = [
  { ...registry, load: async () => (await import("./registry.js")).backend },
  { ...local, load: async () => (await import("./local-directory.js")).backend },
  inline,
  { ...gha, load: async () => (await import("./gha.js")).backend },
  { ...s3, load: async () => (await import("./s3.js")).backend },
] as const satisfies readonly CacheType[];
