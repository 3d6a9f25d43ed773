import { attribute, type ValuesOf } from "../../../core/attributes.js";
import { COMMON_FROM, COMMON_TO, MANIFEST } from "./common.js";

/** A cache in an OCI layout directory. */
export const local = {
  type: "local",
  attributes: {
    from: {
      src: attribute.required(attribute.path()),
      /** Tag of the cache in the directory. Default `latest`. */
      tag: attribute.text(),
      /** Digest of the manifest, instead of a tag. */
      digest: attribute.text(),
      ...COMMON_FROM,
    },
    to: {
      dest: attribute.required(attribute.directory()),
      /** Tag of the cache in the directory. Default `latest`. */
      tag: attribute.text(),
      /** True removes unreferenced blobs of the directory. */
      reset: attribute.flag(),
      ...MANIFEST,
      ...COMMON_TO,
    },
  },
} as const;

export type LocalFrom = ValuesOf<typeof local.attributes.from>;
export type LocalTo = ValuesOf<typeof local.attributes.to>;
