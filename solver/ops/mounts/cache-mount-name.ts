import { createHash } from "node:crypto";
import type { Mount } from "../../../llb/ops.js";
import { topological, type Rootfs } from "../../../llb/vertex.js";

export type CacheMount = Mount & { readonly type: "cache" };

/**
 * Returns the name of a cache mount's directory in the store. Directories with other owners or
 * modes are other caches, as in BuildKit; so are those that began with other files, whose digest is
 * `seed`.
 */
export function cacheMountName({ id, uid, gid, mode }: Pick<CacheMount, "id" | "uid" | "gid" | "mode">, seed?: string): string {
  return createHash("sha256")
    .update(JSON.stringify([id, uid, gid, mode, ...(seed === undefined ? [] : [seed])]))
    .digest("hex");
}

/**
 * Returns the cache mounts of all steps of a graph, by name. Leaves out those that begin with
 * files: their names are known only once these files are.
 */
export function cacheMounts(targets: readonly Rootfs[]): ReadonlyMap<string, CacheMount> {
  const mounts = allCacheMounts(targets).filter(({ input }) => input < 0);
  return new Map(mounts.map((mount) => [cacheMountName(mount), mount]));
}

export function hasCacheMounts(targets: readonly Rootfs[]): boolean {
  return allCacheMounts(targets).length > 0;
}

function allCacheMounts(targets: readonly Rootfs[]): readonly CacheMount[] {
  const mounts = topological(targets).flatMap(({ op }) => (op.kind === "exec" ? op.mounts : []));
  return mounts.flatMap((mount) => (mount.type === "cache" ? [mount] : []));
}
