import { posix } from "node:path";
import type { CgroupFiles } from "./cgroup-files.js";

/** A process that owns groups, named so that no other one is ever taken for it. */
export interface GroupOwner {
  /** Number of the pid namespace. */
  readonly namespace: string;
  readonly pid: number;
  /** Time of its start, in the kernel's ticks. */
  readonly start: string;
}

const NAME = /^tsbuild-(\d+)-(\d+)-(\d+)-\d+$/;

export function groupName({ namespace, pid, start }: GroupOwner, number: number): string {
  return `tsbuild-${namespace}-${pid}-${start}-${number}`;
}

/**
 * Removes the groups in a group whose owners were killed. Owners of other pid namespaces cannot be
 * seen from here, so theirs stay.
 */
export function removeStale(files: CgroupFiles, directory: string, self: GroupOwner, startOf: (pid: number) => string | undefined): void {
  for (const name of files.groups(directory)) {
    const [, namespace, pid, start] = NAME.exec(name) ?? [];
    if (namespace !== self.namespace || startOf(Number(pid)) === start) continue;
    removeGroup(files, posix.join(directory, name));
  }
}

/** Removes a group with those inside it. Returns false when a process is still there. */
export function removeGroup(files: CgroupFiles, directory: string): boolean {
  for (const name of files.groups(directory)) removeGroup(files, posix.join(directory, name));
  try {
    files.remove(directory);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}
