import { createHash } from "node:crypto";
import type { Mount } from "../../llb/ops.js";
import { topological, type Rootfs } from "../../llb/vertex.js";

export type CacheMount = Mount & { readonly type: "cache" };

/** What a cache mount's directory is called in the store. Directories with other owners or modes are other caches, as in BuildKit. */
export function cacheMountName({ id, uid, gid, mode }: Pick<CacheMount, "id" | "uid" | "gid" | "mode">): string {
  return createHash("sha256")
    .update(JSON.stringify([id, uid, gid, mode]))
    .digest("hex");
}

/** The cache mounts of all steps of a graph, by name. */
export function cacheMounts(targets: readonly Rootfs[]): ReadonlyMap<string, CacheMount> {
  const mounts = topological(targets).flatMap(({ op }) => (op.kind === "exec" ? op.mounts : []));
  return new Map(mounts.flatMap((mount) => (mount.type === "cache" ? [[cacheMountName(mount), mount] as const] : [])));
}
