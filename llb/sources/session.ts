import type { SourceOp } from "../ops.js";
import { LAYOUT_SCHEME } from "./image.js";
import { localSource } from "./local.js";
import { wireSource } from "./wire.js";

/**
 * Returns the directory of a client as a builder asks for it in a session. `follow` are the paths
 * that are read of it; without them all is.
 */
export function sessionDirectory(
  name: string,
  {
    excludePatterns,
    session,
    follow,
  }: { readonly excludePatterns: readonly string[]; readonly session: string; readonly follow?: readonly string[] | undefined },
): SourceOp {
  const { identifier, attrs } = wireSource(localSource(name, excludePatterns));
  const followed = follow ? { "local.followpaths": JSON.stringify(follow) } : {};
  return { kind: "source", identifier, attrs: { ...attrs, ...followed, "local.session": session } };
}

/** Returns an image that a builder reads in a session, from the client's store of this name. */
export function sessionImage(
  name: string,
  { digest, session, store }: { readonly digest: string; readonly session: string; readonly store: string },
): SourceOp {
  return { kind: "source", identifier: `${LAYOUT_SCHEME}://${name}@${digest}`, attrs: { "oci.session": session, "oci.store": store } };
}
