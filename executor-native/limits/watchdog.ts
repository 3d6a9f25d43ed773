import type { DiskUsage } from "./disk-usage.js";
import { type Controller, DEFAULT_PERIOD, type LargeItem, type Overrun, type StepLimits } from "./limits.js";
import { type ProcessState, type ProcessTable, type ProcessTree, processTree } from "./process-tree.js";

/** Milliseconds between two looks. */
const LOOK_EVERY = 50;
/** Seconds between two looks at the disk, at least, and how many times as long as a look takes. */
const DISK_EVERY = 0.2;
const DISK_SHARE = 20;
/** Processes that are named when a step overruns its memory. */
const NAMED = 3;

export interface WatchedStep {
  readonly limits: StepLimits;
  /** Controllers whose limits the watchdog has to hold; the kernel holds the others. */
  readonly holds: readonly Controller[];
  /** Pid of the process that runs the step. */
  readonly runner: number;
  /**
   * Returns what the step has on the disk, whose programs began at a time (milliseconds since the
   * epoch). It may take long.
   */
  readonly written?: (begun: number) => DiskUsage;
  /** Ends the step. */
  readonly end: (overrun: Overrun) => void;
}

/** A step that is watched. */
export interface Watch {
  /** Most that was seen at once. */
  readonly seen: { readonly memory: number; readonly tasks: number; readonly largest: readonly LargeItem[] };
  close(): void;
}

interface State extends WatchedStep {
  memory: number;
  tasks: number;
  largest: readonly LargeItem[];
  /** Seconds of processor time at the last look, and those that may be used yet. */
  cpu: number;
  credit: number;
  stopped: boolean;
  over: boolean;
  /** Seconds until the disk is looked at again. */
  untilDisk: number;
  /** Milliseconds since the epoch at which programs of the step were seen first. */
  begun: number | undefined;
}

interface WatchdogOptions {
  readonly table: ProcessTable;
  /** Limits of all steps together, and the controllers of them that are held here. */
  readonly build: StepLimits;
  readonly holds: readonly Controller[];
}

/**
 * Looks at the processes of steps from time to time, and holds limits that the kernel does not:
 * memory and tasks by ending the step, processor time by stopping its programs for a while. Nothing
 * between two looks is seen.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #steps = new Set<State>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  watch(step: WatchedStep): Watch {
    const state: State = {
      ...step,
      memory: 0,
      tasks: 0,
      largest: [],
      cpu: 0,
      credit: 0,
      stopped: false,
      over: false,
      untilDisk: 0,
      begun: undefined,
    };
    this.#steps.add(state);
    this.#timer ??= setInterval(() => this.look(LOOK_EVERY / 1000), LOOK_EVERY).unref();
    return {
      get seen() {
        return state;
      },
      close: () => {
        this.#steps.delete(state);
        if (this.#steps.size > 0) return;
        clearInterval(this.#timer);
        this.#timer = undefined;
      },
    };
  }

  /** Looks at all steps, some seconds after the last look. */
  look(seconds: number): void {
    const looks = [...this.#steps].map((step) => this.#lookAt(step, seconds));
    this.#holdBuild(looks, seconds);
  }

  #lookAt(step: State, seconds: number): Look {
    const { table } = this.#options;
    const tree = processTree(table, step.runner);
    const memory = this.#memoryOf(step, tree);
    step.tasks = Math.max(
      step.tasks,
      tree.programs.reduce((sum, { threads }) => sum + threads, 0),
    );
    if (memory > step.memory) {
      step.memory = memory;
      step.largest = largest(tree.programs);
    }
    const used = Math.max(0, tree.cpu - step.cpu);
    step.cpu = Math.max(step.cpu, tree.cpu);
    const { limits } = step;
    if (tree.programs.length > 0) this.#lookAtDisk(step, seconds);
    if (this.#holds(step, "memory") && limits.memory !== undefined && memory > limits.memory)
      this.#end(step, { kind: "memory", peak: memory, limit: limits.memory, largest: step.largest });
    else if (this.#holds(step, "pids") && limits.pids !== undefined && step.tasks > limits.pids)
      this.#end(step, { kind: "pids", peak: step.tasks, limit: limits.pids, largest: [] });
    if (this.#holds(step, "cpu")) this.#pace(step, tree.programs, used, seconds);
    return { step, memory, used, programs: tree.programs };
  }

  /** Looks at the disk for a small part of the time: many files take long to count. */
  #lookAtDisk(step: State, seconds: number): void {
    const { disk } = step.limits;
    step.untilDisk -= seconds;
    if (disk === undefined || step.written === undefined || step.untilDisk > 0) return;
    step.begun ??= Date.now();
    const before = performance.now();
    const { bytes, largest: files } = step.written(step.begun);
    step.untilDisk = Math.max(DISK_EVERY, ((performance.now() - before) / 1000) * DISK_SHARE);
    if (bytes > disk) this.#end(step, { kind: "disk", peak: bytes, limit: disk, largest: files });
  }

  /** Returns bytes that a step has. Shared ones are looked at only where they would count. */
  #memoryOf({ limits }: State, { programs }: ProcessTree): number {
    const resident = programs.reduce((sum, program) => sum + program.resident, 0);
    const least = Math.min(limits.memory ?? Number.POSITIVE_INFINITY, (this.#options.build.memory ?? Number.POSITIVE_INFINITY) / 2);
    if (resident <= least) return resident;
    return programs.reduce((sum, { pid, resident: own }) => sum + (this.#options.table.proportional(pid) ?? own), 0);
  }

  #holds(step: State, controller: Controller): boolean {
    return step.holds.includes(controller);
  }

  /** Stops programs that used more time than they may, and lets them go on later. */
  #pace(step: State, programs: readonly ProcessState[], used: number, seconds: number): void {
    const rate = rateOf(step.limits);
    if (rate === undefined) return;
    // Time that was not used is not saved up.
    step.credit = Math.min(rate * seconds, step.credit + rate * seconds - used);
    this.#stop(step, programs, step.credit < 0);
  }

  #stop(step: State, programs: readonly ProcessState[], stop: boolean): void {
    if (!stop && !step.stopped) return;
    step.stopped = stop;
    for (const { pid } of programs) this.#options.table.signal(pid, stop ? "SIGSTOP" : "SIGCONT");
  }

  #holdBuild(looks: readonly Look[], seconds: number): void {
    const { build, holds } = this.#options;
    const memory = looks.reduce((sum, look) => sum + look.memory, 0);
    const [most] = looks.toSorted((a, b) => b.memory - a.memory);
    if (holds.includes("memory") && build.memory !== undefined && memory > build.memory && most)
      this.#end(most.step, { kind: "build-memory", peak: memory, limit: build.memory, largest: most.step.largest });
    const rate = rateOf(build);
    if (!holds.includes("cpu") || rate === undefined) return;
    this.#credit = Math.min(rate * seconds, this.#credit + rate * seconds - looks.reduce((sum, look) => sum + look.used, 0));
    for (const { step, programs } of looks)
      if (rateOf(step.limits) === undefined || this.#credit < 0) this.#stop(step, programs, this.#credit < 0);
  }

  /** Seconds of processor time that all steps may use yet. */
  #credit = 0;

  #end(step: State, overrun: Overrun): void {
    if (step.over) return;
    step.over = true;
    step.end(overrun);
  }
}

interface Look {
  readonly step: State;
  readonly memory: number;
  readonly used: number;
  readonly programs: readonly ProcessState[];
}

/** Returns the processors that a quota amounts to. */
function rateOf({ cpuQuota, cpuPeriod = DEFAULT_PERIOD }: StepLimits): number | undefined {
  return cpuQuota === undefined ? undefined : cpuQuota / cpuPeriod;
}

function largest(programs: readonly ProcessState[]): readonly LargeItem[] {
  return programs
    .toSorted((a, b) => b.resident - a.resident)
    .slice(0, NAMED)
    .map(({ name, resident }) => ({ name, bytes: resident }));
}
