import { posix } from "node:path";
import { limitRefused } from "../errors.js";
import { type CgroupFiles, countIn, numberIn, tryWrite } from "./cgroup-files.js";
import type { GroupsOptions, StepGroup, StepGroups } from "./groups.js";
import type { Hierarchy } from "./hierarchies.js";
import { type Controller, CONTROLLERS, DEFAULT_PERIOD, OWN_TASKS, type StepLimits } from "./limits.js";
import { groupName, removeGroup, removeStale } from "./stale-groups.js";

interface Version2Options extends GroupsOptions {
  /** Returns true for this process and those that belong to its build. */
  readonly isOurs: (pid: number) => boolean;
}

/** A group that processes are moved into, so that the one around it may have limited groups. */
const LEAF = "tsbuild-main";

/**
 * Returns groups in the hierarchy of version 2, as near to this process's own group as the kernel
 * allows, so that limits around it hold for steps too. Returns undefined where none of the wanted
 * controllers can be had.
 */
export function version2(hierarchy: Hierarchy, options: Version2Options): StepGroups | undefined {
  const { files, owner, startOf, number, build, wanted } = options;
  const base = findBase(hierarchy, options);
  if (base === undefined) return undefined;
  const { directory: parent } = base;
  removeStale(files, parent, owner, startOf);
  const directory = posix.join(parent, groupName(owner, number));
  const controllers = wanted.filter((controller) => base.controllers.includes(controller));
  try {
    files.make(directory);
    files.write(posix.join(directory, "cgroup.subtree_control"), enabling(base.controllers));
  } catch {
    removeGroup(files, directory);
    return undefined;
  }
  limit(files, directory, controllers, build);
  let steps = 0;
  return {
    mechanism: "cgroup v2",
    controllers,
    open(limits) {
      const step = posix.join(directory, String(++steps));
      const group = groupIn(files, step);
      try {
        files.make(step);
        limit(files, step, controllers, limits);
        files.make(posix.join(step, INNER));
      } catch (error) {
        group.close();
        throw error;
      }
      return group;
    },
    close: () => void removeGroup(files, directory),
  };
}

/**
 * Group of the processes of a step, inside the one that has the limits. A step sees it as the root
 * of all groups, so that it finds no file of the limits even where it may mount the hierarchy.
 */
const INNER = "step";

function groupIn(files: CgroupFiles, directory: string): StepGroup {
  const inner = posix.join(directory, INNER);
  return {
    add: (pid) => files.write(posix.join(inner, "cgroup.procs"), String(pid)),
    usage() {
      const peak = numberIn(files, posix.join(directory, "memory.peak"));
      const tasks = numberIn(files, posix.join(directory, "pids.peak"));
      // Kernels differ in whether the group of the limit or that of the process counts a refusal.
      const refused = [directory, inner].map((one) => countIn(files, posix.join(one, "pids.events"), "max"));
      return {
        ...(peak === undefined ? {} : { memory: peak }),
        ...(tasks === undefined ? {} : { tasks }),
        killed: countIn(files, posix.join(directory, "memory.events"), "oom_kill"),
        refused: Math.max(...refused),
      };
    },
    close() {
      tryWrite(files, posix.join(directory, "cgroup.kill"), "1");
      removeGroup(files, directory);
    },
  };
}

interface Base {
  readonly directory: string;
  /** Controllers that groups in it have. */
  readonly controllers: readonly Controller[];
}

/** Returns the nearest group from this process's own upwards in which limited groups can be. */
function findBase(hierarchy: Hierarchy, options: Version2Options): Base | undefined {
  const { files, wanted } = options;
  let best: Base | undefined;
  for (const directory of upwards(hierarchy)) {
    const controllers = enabledIn(directory, hierarchy, options);
    if (controllers.length > (best?.controllers.length ?? 0) && mayMake(files, directory, options)) best = { directory, controllers };
    if (wanted.every((controller) => best?.controllers.includes(controller))) break;
  }
  return best;
}

function* upwards({ mount, own }: Hierarchy): Generator<string> {
  for (let directory = own; ; directory = posix.dirname(directory)) {
    yield directory;
    if (directory === mount || !directory.startsWith(`${mount}/`)) return;
  }
}

/** Enables controllers for the groups in a group, and returns those that they have then. */
function enabledIn(directory: string, hierarchy: Hierarchy, { files, wanted, isOurs }: Version2Options): readonly Controller[] {
  const control = posix.join(directory, "cgroup.subtree_control");
  const have = (): readonly Controller[] => known(files.read(control));
  const missing = (): readonly Controller[] => {
    const there = known(files.read(posix.join(directory, "cgroup.controllers")));
    return wanted.filter((controller) => there.includes(controller) && !have().includes(controller));
  };
  if (missing().length === 0 || tryWrite(files, control, enabling(missing()))) return have();
  // The kernel refuses while processes are in the group itself. They may be moved where they are
  // all ours, and in a container, whose whole hierarchy it is.
  const processes = (files.read(posix.join(directory, "cgroup.procs")) ?? "").split("\n").filter((text) => text !== "");
  const isContainer = directory === hierarchy.mount;
  if (directory !== hierarchy.own || processes.length === 0) return have();
  if (!isContainer && !processes.every((pid) => isOurs(Number(pid)))) return have();
  const leaf = posix.join(directory, LEAF);
  try {
    if (!files.groups(directory).includes(LEAF)) files.make(leaf);
  } catch {
    return have();
  }
  for (const pid of processes) tryWrite(files, posix.join(leaf, "cgroup.procs"), pid);
  tryWrite(files, control, enabling(missing()));
  return have();
}

/** Returns true where a group can be made, and processes moved between it and its neighbours. */
function mayMake(files: CgroupFiles, directory: string, { owner, number }: GroupsOptions): boolean {
  if (!files.mayWrite(posix.join(directory, "cgroup.procs"))) return false;
  const path = posix.join(directory, groupName(owner, number));
  try {
    files.make(path);
    files.remove(path);
    return true;
  } catch {
    return false;
  }
}

function known(text: string | undefined): readonly Controller[] {
  const names = (text ?? "").split(" ");
  return CONTROLLERS.filter((name) => names.includes(name));
}

function enabling(controllers: readonly Controller[]): string {
  return controllers.map((name) => `+${name}`).join(" ");
}

function limit(files: CgroupFiles, directory: string, controllers: readonly Controller[], limits: StepLimits): void {
  const write = (file: string, value: string | number): void => {
    try {
      files.write(posix.join(directory, file), String(value));
    } catch (error) {
      throw limitRefused(file, String(value), error);
    }
  };
  const has = (controller: Controller): boolean => controllers.includes(controller);
  const { memory, memorySwap = memory === undefined ? undefined : 2 * memory, pids } = limits;
  if (has("memory") && memory !== undefined) {
    write("memory.max", memory);
    // A kernel may do without counting swap. No swap means no second limit.
    const swap = memorySwap === undefined || memorySwap < 0 ? "max" : memorySwap - memory;
    tryWrite(files, posix.join(directory, "memory.swap.max"), String(swap));
  }
  if (has("pids") && pids !== undefined) write("pids.max", pids + OWN_TASKS);
  if (has("cpu")) {
    const { cpuQuota, cpuPeriod = DEFAULT_PERIOD, cpuShares } = limits;
    if (cpuQuota !== undefined || limits.cpuPeriod !== undefined) write("cpu.max", `${cpuQuota ?? "max"} ${cpuPeriod}`);
    if (cpuShares !== undefined) write("cpu.weight", weightOf(cpuShares));
  }
  if (has("cpuset")) {
    if (limits.cpusetCpus !== undefined) write("cpuset.cpus", limits.cpusetCpus);
    if (limits.cpusetMems !== undefined) write("cpuset.mems", limits.cpusetMems);
  }
}

/** Returns the weight (1 to 10,000) for shares (2 to 262,144), as container runtimes do. */
function weightOf(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262_142);
}
