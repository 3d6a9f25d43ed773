import { attribute, type ValuesOf } from "../../../core/attributes.js";
import { COMMON_FROM, COMMON_TO } from "./common.js";

const SERVICE = {
  /** Name that separates caches of one repository. Default `buildkit`. */
  scope: attribute.text(),
  /** Address of version 1. Default `$ACTIONS_CACHE_URL`. */
  url: attribute.text(),
  /** Address of version 2. Default `$ACTIONS_RESULTS_URL`. */
  urlV2: attribute.text("url_v2"),
  /** Token of the service. Default `$ACTIONS_RUNTIME_TOKEN`. */
  token: attribute.text(),
  /** Version of the service's API. Default: 2 where the environment says so. */
  version: attribute.choice([1, 2]),
  /** Milliseconds after which a transfer of this cache is given up. Default: 10 minutes. */
  timeout: attribute.duration(),
};

/**
 * A cache in BuildKit's form: entries `buildkit-blob-1-sha256:…`, and for each branch
 * `index-SCOPE-1-BRANCH#N` with the cache config, N counting up.
 */
export const gha = {
  type: "gha",
  attributes: { from: { ...SERVICE, ...COMMON_FROM }, to: { ...SERVICE, ...COMMON_TO } },
} as const;

export type GhaOptions = ValuesOf<typeof SERVICE>;
