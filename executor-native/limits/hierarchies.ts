import { posix } from "node:path";
import { readMountInfo } from "../../core/mount-info.js";
import { type Controller, CONTROLLERS } from "./limits.js";

/** A cgroup hierarchy that is mounted. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Directory where it is mounted. */
  readonly mount: string;
  /** Directory of the group of this process. */
  readonly own: string;
  /** Controllers of a hierarchy of version 1; those of version 2 are in its files. */
  readonly controllers: readonly Controller[];
}

/**
 * Returns the hierarchies that `/proc/self/mountinfo` and `/proc/self/cgroup` name, each where it
 * is mounted first.
 */
export function hierarchies(mountInfo: string, cgroup: string): readonly Hierarchy[] {
  const found: Hierarchy[] = [];
  for (const { root, path: mount, type, options } of readMountInfo(mountInfo)) {
    if (type !== "cgroup" && type !== "cgroup2") continue;
    const version = type === "cgroup2" ? 2 : 1;
    const controllers = CONTROLLERS.filter((name) => version === 1 && options.split(",").includes(name));
    if (version === 1 && controllers.length === 0) continue;
    if (found.some((one) => one.version === version && one.controllers.join() === controllers.join())) continue;
    const path = groupOf(cgroup, controllers[0]);
    if (path !== undefined) found.push({ version, mount, own: posix.resolve(mount, `.${below(root, path)}`), controllers });
  }
  return found;
}

/** Returns the path of this process's group: of version 2 without a controller. */
function groupOf(cgroup: string, controller: Controller | undefined): string | undefined {
  for (const line of cgroup.split("\n")) {
    const [, names = "", path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path !== undefined && (controller === undefined ? names === "" : names.split(",").includes(controller))) return path;
  }
  return undefined;
}

/** Returns a group's path from the root of a mount, which may be a group itself (in containers). */
function below(root: string, path: string): string {
  if (root === "/") return path.startsWith("/..") ? "/" : path;
  return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) || "/" : "/";
}
