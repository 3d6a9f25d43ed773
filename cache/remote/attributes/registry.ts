import { attribute, type ValuesOf } from "../../../core/attributes.js";
import { COMMON_FROM, COMMON_TO, MANIFEST } from "./common.js";

const ADDRESS = {
  ref: attribute.required(attribute.reference()),
  /** True allows plain HTTP, and any certificate. */
  insecure: attribute.flag("registry.insecure"),
};

/** A cache under a name in a registry. An image with an inline cache is read so, too. */
export const registry = {
  type: "registry",
  attributes: { from: { ...ADDRESS, ...COMMON_FROM }, to: { ...ADDRESS, ...MANIFEST, ...COMMON_TO } },
} as const;

export type RegistryFrom = ValuesOf<typeof registry.attributes.from>;
export type RegistryTo = ValuesOf<typeof registry.attributes.to>;
