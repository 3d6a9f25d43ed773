import type { CgroupFiles } from "./cgroup-files.js";
import type { Controller, StepLimits } from "./limits.js";
import type { GroupOwner } from "./stale-groups.js";

/** Counts of a group of processes. */
export interface GroupUsage {
  /** Most bytes of memory at once, the cache of its files included. */
  readonly memory?: number;
  /** Most tasks at once, with ours. */
  readonly tasks?: number;
  /** Processes that the kernel killed for memory. */
  readonly killed: number;
  /** Tasks that the kernel refused. */
  readonly refused: number;
}

/** The group of one step. */
export interface StepGroup {
  /** Takes a process, and with it all that it will start. Throws the system's error. */
  add(pid: number): void;
  usage(): GroupUsage;
  /** Removes it. A group that a process is still in is removed with the build's. */
  close(): void;
}

/** Groups in one hierarchy: one for all steps of a build, and in it one for each step. */
export interface StepGroups {
  readonly mechanism: "cgroup v2" | "cgroup v1";
  readonly controllers: readonly Controller[];
  open(limits: StepLimits): StepGroup;
  close(): void;
}

/** The place of groups, and for whom they are. */
export interface GroupsOptions {
  readonly files: CgroupFiles;
  readonly owner: GroupOwner;
  /** Returns the start of a process; undefined when there is none. */
  readonly startOf: (pid: number) => string | undefined;
  /** Number among the groups of this owner. */
  readonly number: number;
  /** Limits of all steps together. */
  readonly build: StepLimits;
  readonly wanted: readonly Controller[];
}
