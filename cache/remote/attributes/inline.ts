import { attribute } from "../../../core/attributes.js";

/** A cache in the image itself: its keys in the config, whose layers are then the cache. */
export const inline = {
  type: "inline",
  /** Type with which the cache is read. */
  readAs: "registry",
  attributes: { to: { mode: attribute.idle(attribute.text()) } },
  /** Values that are refused, each with the reason and the way out. */
  refuses: [
    { key: "mode", value: "max", found: "an inline cache holds the layers of the image only", hint: "Use type=registry for mode=max" },
  ],
} as const;
