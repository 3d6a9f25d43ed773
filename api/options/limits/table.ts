import { GROUPS, option } from "../option.js";

const limit = <const N extends string>(name: N, value: string, text: string, short?: string) =>
  option("limit", { flag: { name, ...(short === undefined ? {} : { short }), value, text, group: GROUPS.limits, reads: "text" } });

/**
 * Limits of the processes of RUN steps; they are part of no key. Each takes a number or docker's
 * text for it. Zero, and an option that is not there, limit nothing.
 */
export const LIMIT_OPTIONS = {
  /** Bytes of memory of each step. */
  memory: limit("memory", "<bytes>", "Memory of each RUN step: 512m, 2g", "m"),
  /**
   * Bytes of memory and swap of each step together; -1 for any amount. Default: twice the memory.
   */
  memorySwap: limit("memory-swap", "<bytes>", "Memory and swap of each RUN step together; -1: any (default: twice the memory)"),
  /** Processors of each step, such as 1.5. */
  cpus: limit("cpus", "<n>", "Processors of each RUN step: 1.5"),
  /** Microseconds of processor time of each step in a period. */
  cpuQuota: limit("cpu-quota", "<n>", "Microseconds of processor time of each RUN step in a period"),
  /** Microseconds of a period. Default: 100,000. */
  cpuPeriod: limit("cpu-period", "<n>", "Microseconds of a period (default: 100000)"),
  /** Weight of each step while processors are scarce. Default: 1024. */
  cpuShares: limit("cpu-shares", "<n>", "Weight of each RUN step while processors are scarce (default: 1024)", "c"),
  /** Processors that steps run on: `0-2,5`. */
  cpusetCpus: limit("cpuset-cpus", "<list>", "Processors that RUN steps run on: 0-2,5"),
  /** Memory nodes that steps take memory from. */
  cpusetMems: limit("cpuset-mems", "<list>", "Memory nodes that RUN steps use: 0,1"),
  /** Processes and threads of each step; -1 for any number. */
  pidsLimit: limit("pids-limit", "<n>", "Processes and threads of each RUN step; -1: any number"),
  /** Bytes that each step may add to its root. Always watched, and looked at in the end. */
  disk: limit("disk", "<bytes>", "Disk that each RUN step may add to its root: 512m, 2g"),
  /** Limits of each step as `KEY=VALUE`, with the names of the flags. */
  resources: option("texts", {
    default: [],
    flag: {
      name: "resource",
      notEmpty: true,
      value: "<key=value>",
      repeat: true,
      text: "Limit of each RUN step, as buildx spells it: memory=2g, cpu-quota=50000",
      group: GROUPS.limits,
      reads: "texts",
    },
  }),
  /** Bytes of memory of all steps of the build together. */
  buildMemory: limit("build-memory", "<bytes>", "Memory of all RUN steps together"),
  /** Processors of all steps of the build together. */
  buildCpus: limit("build-cpus", "<n>", "Processors of all RUN steps together"),
  /** `strict` refuses limits that the kernel would not hold here; `auto` then watches steps. */
  limits: option("limits", {
    default: "auto",
    flag: {
      name: "limits",
      value: "<how>",
      text: "Where the kernel cannot hold a limit: auto (the default) has a watchdog end the step, strict fails. $TSBUILD_LIMITS sets defaults for all limits",
      group: GROUPS.limits,
      reads: "word",
      words: ["auto", "strict"],
    },
  }),
} as const;
