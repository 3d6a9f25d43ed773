import { cleanPath } from "../../../../core/text/pattern-matcher.js";
import { readLocal } from "../../../../llb/sources/local.js";
import type { Edge } from "../../../../llb/vertex.js";
import type { MountType, RunMount } from "./mount-type.js";

/** Start of the name of a context whose directory a step gets itself, and no copy. */
const HOST = "host:";

/** A path of the context, a stage or an image. */
export const bind: MountType = {
  type: "bind",
  keys: [],
  source: "context",
  lower: (mount, { dest, from, inputs, at, fail }) => {
    const host = hostDirectory(mount, from);
    if (host !== undefined && !mount.readonly) fail("a directory of the machine is read-only", "leave out rw");
    return {
      type: "bind",
      dest,
      readonly: mount.readonly,
      input: inputs.of(mount.from ? from : at.build.context),
      selector: cleanPath(`/${mount.source ?? ""}`),
      ...(host === undefined ? {} : { host }),
    };
  },
};

/** Returns the name of the directory of `--build-context host:NAME=DIR` that a mount is from. */
function hostDirectory({ from }: RunMount, root: Edge | undefined): string | undefined {
  const op = root?.vertex.op;
  if (!from?.startsWith(HOST) || op?.kind !== "source") return undefined;
  return readLocal(op)?.name;
}
