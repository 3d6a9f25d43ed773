import { attribute, type ValuesOf } from "../../../core/attributes.js";
import { COMMON_FROM, COMMON_TO } from "./common.js";

const SERVICE = {
  /** Name of the bucket. Default `$AWS_BUCKET`. */
  bucket: attribute.text(),
  /** Region of the bucket. Default `$AWS_REGION`. */
  region: attribute.text(),
  prefix: attribute.text(),
  /** Prefix of the manifests' keys. Default `manifests/`. */
  manifestsPrefix: attribute.text("manifests_prefix"),
  /** Prefix of the blobs' keys. Default `blobs/`. */
  blobsPrefix: attribute.text("blobs_prefix"),
  /**
   * Names of the cache: it is written under all of them and read from the first. Default
   * `buildkit`.
   */
  names: attribute.list(";", "name"),
  /** Address of the service. Default: Amazon's for the region. */
  endpointUrl: attribute.text("endpoint_url"),
  /** True asks for `ENDPOINT/BUCKET/KEY` instead of `BUCKET.ENDPOINT/KEY`. Needs an endpoint. */
  usePathStyle: attribute.flag("use_path_style"),
  accessKeyId: attribute.text("access_key_id"),
  secretAccessKey: attribute.text("secret_access_key"),
  sessionToken: attribute.text("session_token"),
  /**
   * Milliseconds after which the date of an existing blob is renewed, for buckets that expire
   * objects. Default: a day.
   */
  touchRefresh: attribute.duration("touch_refresh"),
};

/**
 * A cache in BuildKit's form: objects `<prefix><blobs prefix>sha256:…` and, for each
 * name, `<prefix><manifests prefix><name>` with the cache config.
 */
export const s3 = {
  type: "s3",
  attributes: { from: { ...SERVICE, ...COMMON_FROM }, to: { ...SERVICE, ...COMMON_TO } },
} as const;

export type S3Options = ValuesOf<typeof SERVICE>;
