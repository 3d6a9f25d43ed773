import { readMountInfo } from "../core/mount-info.js";
import { type ReadFile, readText } from "./read-text.js";

/**
 * Reports whether this process is in a chroot, where the kernel refuses user namespaces. A chroot
 * whose directory is a mount point looks like any other root, and is not found.
 */
export function inChroot(read: ReadFile = readText): boolean {
  const mounts = readMountInfo(read("/proc/self/mountinfo") ?? "");
  return mounts.length > 0 && !mounts.some(({ path }) => path === "/");
}
