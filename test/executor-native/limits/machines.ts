import type { LimitsMachine } from "../../../executor-native/limits/limiter.js";
import type { ProcessState, ProcessTable } from "../../../executor-native/limits/process-tree.js";
import { FakeCgroups } from "./fake-cgroups.js";

const ALL = ["cpuset", "cpu", "memory", "pids"];
const MAIN = 9;
const WORKER = 10;

/** Processes that a test sets. */
export class FakeTable implements ProcessTable {
  readonly processes = new Map<number, ProcessState & { readonly parent: number; readonly pss?: number }>();
  readonly signals: string[] = [];

  set(pid: number, parent: number, state: Partial<ProcessState> & { readonly pss?: number } = {}): void {
    this.processes.set(pid, { pid, parent, name: `p${pid}`, threads: 1, cpu: 0, resident: 0, ...state });
  }

  state(pid: number): ProcessState | undefined {
    return this.processes.get(pid);
  }

  children(pid: number): readonly number[] {
    return [...this.processes.values()].flatMap((one) => (one.parent === pid ? [one.pid] : []));
  }

  proportional(pid: number): number | undefined {
    return this.processes.get(pid)?.pss;
  }

  signal(pid: number, signal: string): void {
    this.signals.push(`${signal} ${pid}`);
  }
}

function machine(files: FakeCgroups, mountInfo: readonly string[], cgroup: string): LimitsMachine & { readonly table: FakeTable } {
  return {
    files,
    table: new FakeTable(),
    owner: { namespace: "4026531836", pid: WORKER, start: "500" },
    startOf: (pid) => (pid === WORKER ? "500" : undefined),
    parent: MAIN,
    mountInfo: () => mountInfo.join("\n"),
    cgroup: () => cgroup,
    setPriority: () => {},
    diskUsage: () => ({ bytes: 0, largest: [] }),
    tasksAllowed: () => 1000,
  };
}

const line = (root: string, directory: string, type: string, options: string): string =>
  `30 20 0:1 ${root} ${directory} rw,relatime - ${type} ${type} rw,${options}`;

/** Returns version 1, as root: each controller by itself, memory deeper than the others. */
export function rootVersion1() {
  const cgroups = new FakeCgroups([
    { version: 1, directory: "/cg/memory", controllers: ["memory"] },
    { version: 1, directory: "/cg/pids", controllers: ["pids"] },
    { version: 1, directory: "/cg/cpu,cpuacct", controllers: ["cpu"] },
    { version: 1, directory: "/cg/cpuset", controllers: ["cpuset"] },
  ]);
  cgroups.outside("/cg/memory/service", [MAIN, WORKER]);
  const info = [
    line("/", "/cg/memory", "cgroup", "memory"),
    line("/", "/cg/pids", "cgroup", "pids"),
    line("/", "/cg/cpu,cpuacct", "cgroup", "cpu,cpuacct"),
    line("/", "/cg/cpuset", "cgroup", "cpuset"),
  ];
  return { cgroups, machine: machine(cgroups, info, "4:memory:/service\n3:pids:/\n2:cpu,cpuacct:/\n1:cpuset:/\n") };
}

/** Returns version 2, as root with systemd: this process is in a service with others. */
export function rootVersion2() {
  const cgroups = new FakeCgroups([{ version: 2, directory: "/cg", controllers: ALL, isMachine: true }]);
  cgroups.outside("/cg/system.slice");
  cgroups.give("/cg", ALL);
  cgroups.outside("/cg/system.slice/ssh.service", [1, MAIN, WORKER]);
  return { cgroups, machine: machine(cgroups, [line("/", "/cg", "cgroup2", "nsdelegate")], "0::/system.slice/ssh.service\n") };
}

/** Returns version 1 with a version 2 beside it that has no controllers. */
export function hybrid() {
  const cgroups = new FakeCgroups([
    { version: 1, directory: "/cg/memory", controllers: ["memory"] },
    { version: 1, directory: "/cg/pids", controllers: ["pids"] },
    { version: 2, directory: "/cg/unified", controllers: ["cpu", "cpuset"], isMachine: true },
  ]);
  cgroups.outside("/cg/memory", [MAIN, WORKER]);
  const info = [
    line("/", "/cg/memory", "cgroup", "memory"),
    line("/", "/cg/pids", "cgroup", "pids"),
    line("/", "/cg/unified", "cgroup2", ""),
  ];
  return { cgroups, machine: machine(cgroups, info, "2:memory:/\n1:pids:/\n0::/\n") };
}

/** Returns a container whose hierarchy is its own, with its processes in the root. */
export function container() {
  const cgroups = new FakeCgroups([{ version: 2, directory: "/cg", controllers: ALL }]);
  cgroups.outside("/cg", [1, MAIN, WORKER]);
  return { cgroups, machine: machine(cgroups, [line("/", "/cg", "cgroup2", "")], "0::/\n") };
}

/** Returns a scope of systemd's that its user may change; nothing around it. */
export function delegated(processes: readonly number[] = [MAIN, WORKER]) {
  const cgroups = new FakeCgroups([{ version: 2, directory: "/cg", controllers: ALL, isMachine: true }], {
    refusing: ["/cg/cgroup.", "/cg/user.slice/cgroup.", "/cg/tsbuild", "/cg/user.slice/tsbuild"],
  });
  cgroups.outside("/cg/user.slice");
  cgroups.outside("/cg/user.slice/my.scope", processes);
  cgroups.give("/cg", ALL);
  cgroups.give("/cg/user.slice", ALL);
  return { cgroups, machine: machine(cgroups, [line("/", "/cg", "cgroup2", "")], "0::/user.slice/my.scope\n") };
}

/** Returns a session of which the user may change nothing. */
export function refused() {
  const cgroups = new FakeCgroups([{ version: 2, directory: "/cg", controllers: ALL, isMachine: true }], { refusing: ["/cg"] });
  cgroups.outside("/cg/session.scope", [MAIN, WORKER]);
  return { cgroups, machine: machine(cgroups, [line("/", "/cg", "cgroup2", "")], "0::/session.scope\n") };
}
