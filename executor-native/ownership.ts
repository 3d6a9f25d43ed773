import { readFileSync } from "node:fs";

/**
 * What files of unpacked layers and of steps belong to. `mapped`: to the ids that the image says, mapped into the user namespace. `virtual`: to the one id that
 * there is; whom they ought to belong to is written down beside them (helper/ownership/owners.h), and the supervisor of a sandbox makes processes believe it. Where
 * ids are mapped, the same is done with the ids that are not among them.
 */
export type Ownership = "mapped" | "virtual";

/** Environment variable; `virtual` asks for virtual owners also where ids could be mapped: for tests, and where newuidmap is there but fails. */
export const OWNERSHIP_VARIABLE = "TSBUILD_OWNERSHIP";

/** Argument of the worker's program: its id 0 is the host's root. It cannot see that itself. */
export const HOST_ROOT_ARGUMENT = "--host-root";

/**
 * Whether this process is the host's root, as far as it can see: root, whose id is 0 one user namespace further out as well. Inside a container that maps its
 * root to another id, it is not.
 */
export function isHostRoot(map = readFileSync("/proc/self/uid_map", "utf8"), uid = process.geteuid?.()): boolean {
  return uid === 0 && /^\s*0\s+0\s/m.test(map);
}
