import { readdirSync, readFileSync } from "node:fs";

/** A process as it is at one moment. */
export interface ProcessState {
  readonly pid: number;
  readonly name: string;
  readonly threads: number;
  /** Seconds of processor time: its own, and that of its children that have ended. */
  readonly cpu: number;
  /** Bytes in memory, those that it shares included. */
  readonly resident: number;
}

/** The processes of the machine, as a watchdog sees them. */
export interface ProcessTable {
  /** Returns a process; undefined when it is gone. */
  state(pid: number): ProcessState | undefined;
  children(pid: number): readonly number[];
  /** Returns bytes in memory, shared ones in part; undefined where they cannot be read. */
  proportional(pid: number): number | undefined;
  signal(pid: number, signal: "SIGSTOP" | "SIGCONT"): void;
}

/** Ticks of the kernel in a second, which are the same on every Linux. */
const TICKS = 100;
const PAGE = 4096;

function text(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Returns the name in `/proc/PID/stat`, and its other fields by their numbers in proc(5). */
function fieldsOf(stat: string): { readonly name: string; readonly field: (number: number) => string } {
  const end = stat.lastIndexOf(")");
  const fields = stat.slice(end + 2).split(" ");
  return { name: stat.slice(stat.indexOf("(") + 1, end), field: (number) => fields[number - 3] ?? "0" };
}

/** Returns when a process started, in the kernel's ticks; undefined when there is none. */
export function startOf(pid: number): string | undefined {
  const stat = text(`/proc/${pid}/stat`);
  return stat === undefined ? undefined : fieldsOf(stat).field(22);
}

export const PROCESS_TABLE: ProcessTable = {
  state(pid) {
    const stat = text(`/proc/${pid}/stat`);
    if (stat === undefined) return undefined;
    const { name, field } = fieldsOf(stat);
    const cpu = [14, 15, 16, 17].reduce((sum, number) => sum + Number(field(number)), 0) / TICKS;
    return { pid, name, threads: Number(field(20)), cpu, resident: Number(field(24)) * PAGE };
  },
  children(pid) {
    let threads: readonly string[];
    try {
      threads = readdirSync(`/proc/${pid}/task`);
    } catch {
      return [];
    }
    return threads.flatMap((thread) =>
      (text(`/proc/${pid}/task/${thread}/children`) ?? "")
        .split(" ")
        .filter((word) => word !== "")
        .map(Number),
    );
  },
  proportional(pid) {
    const found = /^Pss:\s*(\d+) kB$/m.exec(text(`/proc/${pid}/smaps_rollup`) ?? "")?.[1];
    return found === undefined ? undefined : Number(found) * 1024;
  },
  signal(pid, signal) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  },
};

/** The processes below the one that runs a step. */
export interface ProcessTree {
  /** The programs of the step. */
  readonly programs: readonly ProcessState[];
  /** Seconds of processor time of all, those that have ended included. */
  readonly cpu: number;
}

/**
 * Returns the processes of a step. The runner and its children are ours: the first process of the
 * sandbox, and those that answer calls.
 */
export function processTree(table: ProcessTable, runner: number): ProcessTree {
  const programs: ProcessState[] = [];
  let cpu = 0;
  const visit = (pid: number, depth: number): void => {
    const state = table.state(pid);
    if (!state) return;
    cpu += state.cpu;
    if (depth >= 2) programs.push(state);
    for (const child of table.children(pid)) visit(child, depth + 1);
  };
  visit(runner, 0);
  return { programs, cpu };
}
