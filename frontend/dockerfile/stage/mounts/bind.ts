import { cleanPath } from "../../../../core/text/pattern-matcher.js";
import type { MountType } from "./mount-type.js";

/** A path of the context, a stage or an image. */
export const bind: MountType = {
  type: "bind",
  keys: [],
  source: "context",
  lower: (mount, { dest, from, inputs, at }) => ({
    type: "bind",
    dest,
    readonly: mount.readonly,
    input: inputs.of(mount.from ? from : at.build.context),
    selector: cleanPath(`/${mount.source ?? ""}`),
  }),
};
