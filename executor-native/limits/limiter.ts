import { readFileSync, readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { CGROUP_FILES, type CgroupFiles } from "./cgroup-files.js";
import type { StepGroup, StepGroups } from "./groups.js";
import { diskUsage, type DiskUsage, type WrittenPlace } from "./disk-usage.js";
import { hierarchies } from "./hierarchies.js";
import {
  type Controller,
  controllersOf,
  type LimitedBy,
  type LimitRequest,
  type LimitsReport,
  type Overrun,
  type StepLimits,
} from "./limits.js";
import { PROCESS_TABLE, type ProcessTable, startOf } from "./process-tree.js";
import type { GroupOwner } from "./stale-groups.js";
import { version1 } from "./version-1.js";
import { version2 } from "./version-2.js";
import { type Watch, Watchdog } from "./watchdog.js";

/** The machine as limits see it; tests have one of their own. */
export interface LimitsMachine {
  readonly files: CgroupFiles;
  readonly table: ProcessTable;
  readonly owner: GroupOwner;
  readonly startOf: (pid: number) => string | undefined;
  /** Pid of the main process. */
  readonly parent: number;
  mountInfo(): string;
  cgroup(): string;
  setPriority(pid: number, nice: number): void;
  diskUsage(place: WrittenPlace, begun: number): DiskUsage;
  /** Returns the tasks that the user of this process may have. */
  tasksAllowed(): number;
}

export function thisMachine(): LimitsMachine {
  const namespace = /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
  return {
    files: CGROUP_FILES,
    table: PROCESS_TABLE,
    owner: { namespace, pid: process.pid, start: startOf(process.pid) ?? "0" },
    startOf,
    parent: process.ppid,
    mountInfo: () => readFileSync("/proc/self/mountinfo", "utf8"),
    cgroup: () => readFileSync("/proc/self/cgroup", "utf8"),
    setPriority,
    diskUsage,
    tasksAllowed() {
      const most = /^Max processes\s+\S+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
      return most === undefined ? Number.POSITIVE_INFINITY : Number(most);
    },
  };
}

/** A step whose limits hold. */
export interface LimitedStep {
  /** Processors that it begins on, where no group keeps it to them. */
  readonly processors?: readonly number[];
  /** Tasks at which the kernel refuses the user more, where a watchdog counts those of a step. */
  readonly mostTasks?: number;
  /**
   * Takes the process that runs the step, before it starts anything, and the place of its changes.
   */
  begin(runner: number, place: WrittenPlace, end: () => void): void;
  /** Looks at the changes of a step that went well; true when they are more than it may have. */
  exceeds(upper: string): boolean;
  /** Returns what the step used and overran. */
  result(): { readonly memory?: number; readonly tasks?: number; readonly overrun?: Overrun };
  close(): void;
}

interface Build {
  readonly groups: readonly StepGroups[];
  readonly watchdog: Watchdog;
  readonly watched: readonly Controller[];
}

/** Holds the limits of the steps of one worker, by the best that this machine allows. */
export class Limiter {
  readonly #machine: LimitsMachine;
  readonly #builds = new Map<string, Build>();
  #number = 0;

  constructor(machine: LimitsMachine = thisMachine()) {
    this.#machine = machine;
  }

  /** Returns how limits hold here. `again`: forgets what was found before. */
  report(request: LimitRequest, again = false): LimitsReport {
    if (again) this.close();
    const { groups, watched } = this.#build(request);
    const by: LimitedBy[] = groups.map(({ mechanism, controllers }) => ({ mechanism, controllers }));
    if (watched.length > 0) by.push({ mechanism: "watchdog", controllers: watched });
    return { by, worker: this.#machine.owner.pid };
  }

  open(request: LimitRequest): LimitedStep {
    const build = this.#build(request);
    const groups: StepGroup[] = [];
    try {
      for (const one of build.groups) groups.push(one.open(request.step));
    } catch (error) {
      for (const group of groups) group.close();
      throw error;
    }
    return this.#step(request, build, groups);
  }

  /** Removes every group. */
  close(): void {
    for (const { groups } of this.#builds.values()) for (const one of groups) one.close();
    this.#builds.clear();
  }

  #step({ step, build: whole }: LimitRequest, build: Build, groups: readonly StepGroup[]): LimitedStep {
    const { table } = this.#machine;
    let watch: Watch | undefined;
    let overrun: Overrun | undefined;
    return {
      ...(build.watched.includes("cpuset") && step.cpusetCpus !== undefined ? { processors: numbersIn(step.cpusetCpus) } : {}),
      ...(build.watched.includes("pids") && step.pids !== undefined
        ? { mostTasks: Math.min(step.pids + TASKS_OF_OTHERS, this.#machine.tasksAllowed()) }
        : {}),
      begin: (runner, place, end) => {
        for (const group of groups) group.add(runner);
        if (build.watched.includes("cpu") && step.cpuShares !== undefined) this.#machine.setPriority(runner, niceOf(step.cpuShares));
        watch = build.watchdog.watch({
          limits: step,
          holds: build.watched,
          runner,
          written: (begun) => this.#machine.diskUsage(place, begun),
          end: (over) => {
            overrun = over;
            // Stopped programs would not end where signals must reach them.
            for (const pid of table.children(runner)) table.signal(pid, "SIGCONT");
            end();
          },
        });
      },
      exceeds: (upper) => {
        if (step.disk === undefined) return false;
        const { bytes, largest } = this.#machine.diskUsage({ directory: upper, hasLayers: false }, 0);
        if (bytes > step.disk) overrun = { kind: "disk", peak: bytes, limit: step.disk, largest };
        return overrun !== undefined;
      },
      result() {
        const usages = groups.map((group) => group.usage());
        const memory = usages.find((usage) => usage.memory !== undefined)?.memory ?? watch?.seen.memory;
        const tasks = usages.find((usage) => usage.tasks !== undefined)?.tasks ?? watch?.seen.tasks;
        const killed = usages.some((usage) => usage.killed > 0);
        const refused = usages.some((usage) => usage.refused > 0);
        const largest = watch?.seen.largest ?? [];
        const over =
          overrun ??
          (killed
            ? { ...memoryOverrun(step, whole, memory), peak: memory, largest }
            : refused
              ? ({ kind: "pids", peak: tasks, limit: step.pids ?? whole.pids, largest: [] } as const)
              : undefined);
        return { ...(memory ? { memory } : {}), ...(tasks ? { tasks } : {}), ...(over ? { overrun: over } : {}) };
      },
      close() {
        watch?.close();
        for (const group of groups) group.close();
      },
    };
  }

  #build({ step, build }: LimitRequest): Build {
    const wanted = controllersOf(step, build);
    const key = JSON.stringify([wanted, build]);
    const known = this.#builds.get(key);
    if (known) return known;
    const groups = this.#groups(build, wanted);
    const watched = wanted.filter((controller) => !groups.some(({ controllers }) => controllers.includes(controller)));
    const made = { groups, watched, watchdog: new Watchdog({ table: this.#machine.table, build, holds: watched }) };
    this.#builds.set(key, made);
    return made;
  }

  #groups(build: StepLimits, wanted: readonly Controller[]): readonly StepGroups[] {
    const { files, owner, startOf: start, parent } = this.#machine;
    const all = hierarchies(this.#machine.mountInfo(), this.#machine.cgroup());
    const options = { files, owner, startOf: start, build, number: ++this.#number };
    const groups: StepGroups[] = [];
    const unified = all.find(({ version }) => version === 2);
    const isOurs = (pid: number): boolean => pid === owner.pid || pid === parent;
    const first = unified && version2(unified, { ...options, wanted, isOurs });
    if (first) groups.push(first);
    const rest = wanted.filter((controller) => !first?.controllers.includes(controller));
    const second = rest.length > 0 ? version1(all, { ...options, wanted: rest }) : undefined;
    if (second) groups.push(second);
    return groups;
  }
}

/** Returns the numbers of a list such as `0-2,5`. */
function numbersIn(list: string): readonly number[] {
  return list.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/**
 * Room for tasks of the same user beside those of a step, in the limit that ends a step which makes
 * them faster than a watchdog looks.
 */
const TASKS_OF_OTHERS = 2000;

/** Part of a limit at which a step that was killed for memory must have been. */
const NEAR = 0.9;

function memoryOverrun(step: StepLimits, build: StepLimits, peak = 0): Pick<Overrun, "kind" | "limit"> {
  if (step.memory !== undefined && peak >= step.memory * NEAR) return { kind: "memory", limit: step.memory };
  if (build.memory !== undefined) return { kind: "build-memory", limit: build.memory };
  return { kind: "memory-elsewhere", limit: step.memory };
}

/** Returns the priority that weighs about as little as shares do. */
function niceOf(shares: number): number {
  return Math.max(0, Math.min(19, Math.round(Math.log(1024 / shares) / Math.log(1.25))));
}
