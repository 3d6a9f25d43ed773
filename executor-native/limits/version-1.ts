import { posix } from "node:path";
import { limitRefused } from "../errors.js";
import { type CgroupFiles, countIn, numberIn, tryWrite } from "./cgroup-files.js";
import type { GroupsOptions, StepGroup, StepGroups } from "./groups.js";
import type { Hierarchy } from "./hierarchies.js";
import { type Controller, DEFAULT_PERIOD, OWN_TASKS, type StepLimits } from "./limits.js";
import { groupName, removeGroup, removeStale } from "./stale-groups.js";

/**
 * Returns groups in hierarchies of version 1, below the groups of this process, so that limits
 * around it hold for steps too. Returns undefined where none of the wanted controllers can be had.
 */
export function version1(all: readonly Hierarchy[], options: GroupsOptions): StepGroups | undefined {
  const { files, owner, startOf, number, build, wanted } = options;
  const name = groupName(owner, number);
  const places: { readonly hierarchy: Hierarchy; readonly directory: string }[] = [];
  for (const hierarchy of all) {
    if (hierarchy.version !== 1 || !hierarchy.controllers.some((controller) => wanted.includes(controller))) continue;
    removeStale(files, hierarchy.own, owner, startOf);
    const directory = posix.join(hierarchy.own, name);
    if (make(files, directory)) places.push({ hierarchy, directory });
  }
  if (places.length === 0) return undefined;
  for (const { hierarchy, directory } of places) limit(files, hierarchy, directory, build);
  let steps = 0;
  return {
    mechanism: "cgroup v1",
    controllers: wanted.filter((controller) => places.some(({ hierarchy }) => hierarchy.controllers.includes(controller))),
    open(limits) {
      const step = String(++steps);
      const opened = places.map(({ hierarchy, directory }) => ({ hierarchy, directory: posix.join(directory, step) }));
      const group = groupIn(files, opened);
      try {
        for (const { hierarchy, directory } of opened) {
          files.make(directory);
          limit(files, hierarchy, directory, limits);
        }
      } catch (error) {
        group.close();
        throw error;
      }
      return group;
    },
    close() {
      for (const { directory } of places) removeGroup(files, directory);
    },
  };
}

function groupIn(files: CgroupFiles, places: readonly { readonly hierarchy: Hierarchy; readonly directory: string }[]): StepGroup {
  const directoryOf = (controller: Controller): string | undefined =>
    places.find(({ hierarchy }) => hierarchy.controllers.includes(controller))?.directory;
  return {
    add(pid) {
      for (const { directory } of places) files.write(posix.join(directory, "cgroup.procs"), String(pid));
    },
    usage() {
      const [memory, pids] = [directoryOf("memory"), directoryOf("pids")];
      const peak = memory && numberIn(files, posix.join(memory, "memory.max_usage_in_bytes"));
      const tasks = pids && numberIn(files, posix.join(pids, "pids.peak"));
      return {
        ...(peak ? { memory: peak } : {}),
        ...(tasks ? { tasks } : {}),
        killed: memory ? countIn(files, posix.join(memory, "memory.oom_control"), "oom_kill") : 0,
        refused: pids ? countIn(files, posix.join(pids, "pids.events"), "max") : 0,
      };
    },
    close() {
      for (const { directory } of places) removeGroup(files, directory);
    },
  };
}

/** Makes a group. Returns false where this process may not. */
function make(files: CgroupFiles, directory: string): boolean {
  try {
    files.make(directory);
    return true;
  } catch {
    return false;
  }
}

function limit(files: CgroupFiles, hierarchy: Hierarchy, directory: string, limits: StepLimits): void {
  const write = (file: string, value: string | number): void => {
    try {
      files.write(posix.join(directory, file), String(value));
    } catch (error) {
      throw limitRefused(file, String(value), error);
    }
  };
  const has = (controller: Controller): boolean => hierarchy.controllers.includes(controller);
  const { memory, memorySwap = memory === undefined ? undefined : 2 * memory } = limits;
  if (has("memory") && memory !== undefined) {
    write("memory.limit_in_bytes", memory);
    // A kernel may do without counting swap. No swap means no second limit.
    if (memorySwap !== undefined) tryWrite(files, posix.join(directory, "memory.memsw.limit_in_bytes"), String(memorySwap));
  }
  if (has("pids") && limits.pids !== undefined) write("pids.max", limits.pids + OWN_TASKS);
  if (has("cpu")) {
    const { cpuQuota, cpuPeriod = cpuQuota === undefined ? undefined : DEFAULT_PERIOD, cpuShares } = limits;
    if (cpuPeriod !== undefined) write("cpu.cfs_period_us", cpuPeriod);
    if (cpuQuota !== undefined) write("cpu.cfs_quota_us", cpuQuota);
    if (cpuShares !== undefined) write("cpu.shares", cpuShares);
  }
  if (has("cpuset")) {
    // A group without processors and memory nodes takes no process.
    const inherited = (file: string): string => files.read(posix.join(directory, "..", file)) ?? "";
    write("cpuset.cpus", limits.cpusetCpus ?? inherited("cpuset.cpus"));
    write("cpuset.mems", limits.cpusetMems ?? inherited("cpuset.mems"));
  }
}
