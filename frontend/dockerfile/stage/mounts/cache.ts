import { cleanPath } from "../../../../core/text/pattern-matcher.js";
import { type MountType, ownerOf } from "./mount-type.js";

/** Mode of a new cache directory. */
const MODE = 0o755;

/** A directory that stays for later builds. Without `from` it begins empty. */
export const cache: MountType = {
  type: "cache",
  keys: ["sharing", "mode", "uid", "gid"],
  writable: true,
  source: "nothing",
  lower: (mount, { dest, from, inputs, at }) => ({
    type: "cache",
    dest,
    readonly: mount.readonly,
    input: inputs.of(mount.from ? from : undefined),
    selector: cleanPath(`/${mount.source ?? ""}`),
    id: at.build.cacheNamespace + (mount.id || cleanPath(mount.target ?? "")),
    sharing: mount.sharing ?? "shared",
    ...ownerOf(mount),
    mode: mount.mode ?? MODE,
  }),
};
