import { readFileSync } from "node:fs";

/**
 * Owners of files of unpacked layers and of steps. `mapped` files have the image's ids, mapped into
 * the user namespace. `virtual` files have the only id there is; their owners are recorded beside
 * them (helper/ownership/owners.h), and the supervisor of a sandbox shows these to processes. Ids
 * that no map has are recorded in the same way.
 */
export type Ownership = "mapped" | "virtual";

/**
 * Environment variable; `virtual` asks for virtual owners also where ids could be mapped: for
 * tests, and where newuidmap exists but fails.
 */
export const OWNERSHIP_VARIABLE = "TSBUILD_OWNERSHIP";

/**
 * Argument of the worker's program: its id 0 is the host's root. The worker cannot find that out
 * itself.
 */
export const HOST_ROOT_ARGUMENT = "--host-root";

/** Argument of the worker's program, from the native part: no sandbox can have its own /proc. */
export const OUTER_PROC_ARGUMENT = "--outer-proc";

/** Argument of the worker's program: its steps get no namespaces, but a root of their own. */
export const CHROOT_ARGUMENT = "--chroot";

/** Argument of the worker's program: likewise, and their paths are translated. */
export const SUPERVISED_ARGUMENT = "--supervised";

/** Argument of the worker's program: the roots of its steps are copies of layers, not overlays. */
export const COPIED_ROOTS_ARGUMENT = "--copied-roots";

/**
 * Returns true when this process seems to be the host's root: it is root, and id 0 is also 0 one
 * user namespace further out. In a container that maps its root to another id, it is not.
 */
export function isHostRoot(map = readFileSync("/proc/self/uid_map", "utf8"), uid = process.geteuid?.()): boolean {
  return uid === 0 && /^\s*0\s+0\s/m.test(map);
}
