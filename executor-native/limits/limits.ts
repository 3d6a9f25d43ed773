/**
 * Parts of the kernel that limit processes, by the names that cgroups have for them. None limits
 * what is on a disk, so that `disk` is always watched.
 */
export const CONTROLLERS = ["memory", "pids", "cpu", "cpuset", "disk"] as const;
export type Controller = (typeof CONTROLLERS)[number];

/** Limits of one step, or of all steps of a build together. A missing member limits nothing. */
export interface StepLimits {
  /** Bytes of memory. */
  readonly memory?: number;
  /** Bytes of memory and swap together; -1 for any amount of swap. Default: twice the memory. */
  readonly memorySwap?: number;
  /** Microseconds of processor time in each period. */
  readonly cpuQuota?: number;
  /** Microseconds of a period. Default: 100,000. */
  readonly cpuPeriod?: number;
  /** Weight against others while processors are scarce; 1024 is the usual one. */
  readonly cpuShares?: number;
  /** Processors and memory nodes, such as `0-2,5`. */
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  /** Processes and threads. */
  readonly pids?: number;
  /** Bytes that it may add to its root. */
  readonly disk?: number;
}

/** Everything that a build says of limits. */
export interface LimitRequest {
  readonly step: StepLimits;
  readonly build: StepLimits;
  /** True where a limit that would only be watched is an error. */
  readonly strict: boolean;
}

const CONTROLLER_OF: Readonly<Record<keyof StepLimits, Controller>> = {
  memory: "memory",
  memorySwap: "memory",
  cpuQuota: "cpu",
  cpuPeriod: "cpu",
  cpuShares: "cpu",
  cpusetCpus: "cpuset",
  cpusetMems: "cpuset",
  pids: "pids",
  disk: "disk",
};

/** Returns the controllers that limits need, in a fixed order. */
export function controllersOf(...limits: readonly StepLimits[]): readonly Controller[] {
  const names = new Set(limits.flatMap((one) => Object.keys(one)).map((name) => CONTROLLER_OF[name as keyof StepLimits]));
  return CONTROLLERS.filter((name) => names.has(name));
}

/** Microseconds of a period when none is given, as in docker. */
export const DEFAULT_PERIOD = 100_000;

/**
 * Processes of ours that count with those of a step: the one outside of its sandbox, the first one
 * inside, and one that answers calls.
 */
export const OWN_TASKS = 3;

/** A process or a file as messages name it. */
export interface LargeItem {
  readonly name: string;
  readonly bytes: number;
}

/** The limit that a step overran, and so was ended by. */
export interface Overrun {
  /** `memory-elsewhere`: the step was not at its own limit when it was killed for memory. */
  readonly kind: "memory" | "build-memory" | "memory-elsewhere" | "pids" | "disk";
  /** Most that it had: bytes, or tasks. */
  readonly peak: number | undefined;
  readonly limit: number | undefined;
  /** Largest processes or files that were seen, the largest first. */
  readonly largest: readonly LargeItem[];
}

/** A mechanism with the controllers that it stands for. */
export interface LimitedBy {
  readonly mechanism: "cgroup v2" | "cgroup v1" | "watchdog";
  readonly controllers: readonly Controller[];
}

/** The mechanisms that hold limits on this machine. */
export interface LimitsReport {
  readonly by: readonly LimitedBy[];
  /** Pid of the worker. */
  readonly worker: number;
}
