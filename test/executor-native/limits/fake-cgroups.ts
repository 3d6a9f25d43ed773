import { posix } from "node:path";
import type { CgroupFiles } from "../../../executor-native/limits/cgroup-files.js";

/** Controllers of the files of a group, by version. */
const FILES: Readonly<Record<1 | 2, Readonly<Record<string, readonly string[]>>>> = {
  1: {
    memory: ["memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"],
    pids: ["pids.max", "pids.peak", "pids.events"],
    cpu: ["cpu.cfs_period_us", "cpu.cfs_quota_us", "cpu.shares"],
    cpuset: ["cpuset.cpus", "cpuset.mems"],
  },
  2: {
    memory: ["memory.max", "memory.swap.max", "memory.peak", "memory.events"],
    pids: ["pids.max", "pids.peak", "pids.events"],
    cpu: ["cpu.max", "cpu.weight"],
    cpuset: ["cpuset.cpus", "cpuset.mems"],
  },
};

interface Mount {
  readonly version: 1 | 2;
  readonly directory: string;
  readonly controllers: readonly string[];
  /** True for the root of the machine, which may have processes beside limited groups. */
  readonly isMachine?: boolean;
}

interface Group {
  readonly mount: Mount;
  readonly files: Map<string, string>;
  readonly processes: Set<number>;
  readonly enabled: Set<string>;
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** A cgroup file system with the rules of the kernel's that limits of steps depend on. */
export class FakeCgroups implements CgroupFiles {
  readonly #groups = new Map<string, Group>();
  /** Groups that this process may not change, with all inside them. */
  readonly #refusing: readonly string[];

  constructor(mounts: readonly Mount[], { refusing = [] }: { readonly refusing?: readonly string[] } = {}) {
    for (const mount of mounts) this.#add(mount.directory, mount);
    this.#refusing = refusing;
  }

  /** Makes a group that others own, with processes. */
  outside(directory: string, processes: readonly number[] = []): void {
    if (!this.#groups.has(directory)) this.#add(directory, this.#group(posix.dirname(directory)).mount);
    for (const pid of processes) this.#move(directory, pid);
  }

  /** Enables controllers for the groups in a group, as its owner does. */
  give(directory: string, controllers: readonly string[]): void {
    for (const name of controllers) this.#group(directory).enabled.add(name);
    for (const child of this.groups(directory)) this.#addFiles(posix.join(directory, child));
  }

  /** Sets what the kernel would. */
  set(path: string, text: string): void {
    this.#group(posix.dirname(path)).files.set(posix.basename(path), text);
  }

  /** Returns the groups of a process, one in each hierarchy. */
  groupsOf(pid: number): readonly string[] {
    return [...this.#groups].flatMap(([directory, { processes }]) => (processes.has(pid) ? [directory] : []));
  }

  /** Returns every group. */
  all(): readonly string[] {
    return [...this.#groups.keys()];
  }

  /** Ends a process. */
  end(pid: number): void {
    for (const { processes } of this.#groups.values()) processes.delete(pid);
  }

  read(path: string): string | undefined {
    const group = this.#groups.get(posix.dirname(path));
    const name = posix.basename(path);
    if (!group) return undefined;
    if (name === "cgroup.procs") return [...group.processes].join("\n");
    if (name === "cgroup.subtree_control" && group.mount.version === 2) return [...group.enabled].join(" ");
    if (name === "cgroup.controllers" && group.mount.version === 2) return this.#controllers(posix.dirname(path)).join(" ");
    return group.files.get(name);
  }

  mayWrite(path: string): boolean {
    return !this.#isRefused(path) && this.read(path) !== undefined;
  }

  write(path: string, text: string): void {
    const directory = posix.dirname(path);
    const name = posix.basename(path);
    if (this.#isRefused(path)) throw failure("EACCES");
    const group = this.#group(directory);
    if (name === "cgroup.procs") return this.#move(directory, Number(text));
    if (name === "cgroup.kill") {
      group.processes.clear();
      return;
    }
    if (name === "cgroup.subtree_control") return this.#enable(directory, text);
    if (!group.files.has(name)) throw failure("ENOENT");
    if (name === "cpuset.cpus" && !/^[01](-1)?$/.test(text)) throw failure("EINVAL");
    group.files.set(name, text);
  }

  make(directory: string): void {
    if (this.#isRefused(directory)) throw failure("EROFS");
    if (this.#groups.has(directory)) throw failure("EEXIST");
    this.#add(directory, this.#group(posix.dirname(directory)).mount);
  }

  remove(directory: string): void {
    if (this.#isRefused(directory)) throw failure("EROFS");
    if (this.groups(directory).length > 0 || this.#group(directory).processes.size > 0) throw failure("EBUSY");
    this.#groups.delete(directory);
  }

  groups(directory: string): readonly string[] {
    return this.all().flatMap((path) => (posix.dirname(path) === directory && path !== directory ? [posix.basename(path)] : []));
  }

  #isRefused(path: string): boolean {
    return this.#refusing.some((prefix) => path.startsWith(prefix));
  }

  #group(directory: string): Group {
    const group = this.#groups.get(directory);
    if (!group) throw failure("ENOENT");
    return group;
  }

  /** Returns the controllers that a group has: in version 2 those that its parent gives. */
  #controllers(directory: string): readonly string[] {
    const { mount } = this.#group(directory);
    if (mount.version === 1 || directory === mount.directory) return mount.controllers;
    return [...this.#group(posix.dirname(directory)).enabled];
  }

  #add(directory: string, mount: Mount): void {
    this.#groups.set(directory, { mount, files: new Map(), processes: new Set(), enabled: new Set() });
    this.#addFiles(directory);
  }

  #addFiles(directory: string): void {
    const { files, mount } = this.#group(directory);
    if (mount.version === 2 && directory === mount.directory) return;
    for (const controller of this.#controllers(directory))
      for (const name of FILES[mount.version][controller] ?? []) {
        const isRoot = directory === mount.directory;
        if (!files.has(name)) files.set(name, isRoot && name === "cpuset.cpus" ? "0-1" : isRoot && name === "cpuset.mems" ? "0" : "");
      }
  }

  #move(directory: string, pid: number): void {
    const { mount, enabled } = this.#group(directory);
    if (mount.version === 2 && enabled.size > 0 && directory !== mount.directory) throw failure("EBUSY");
    if (mount.version === 1 && mount.controllers.includes("cpuset") && this.read(posix.join(directory, "cpuset.cpus")) === "")
      throw failure("ENOSPC");
    for (const group of this.#groups.values()) if (group.mount === mount) group.processes.delete(pid);
    this.#group(directory).processes.add(pid);
  }

  #enable(directory: string, text: string): void {
    const { processes, enabled, mount } = this.#group(directory);
    const names = text.split(" ").map((word) => word.slice(1));
    if (names.some((name) => !this.#controllers(directory).includes(name))) throw failure("ENOENT");
    if (processes.size > 0 && !(mount.isMachine && directory === mount.directory)) throw failure("EBUSY");
    for (const name of names) enabled.add(name);
    for (const child of this.groups(directory)) this.#addFiles(posix.join(directory, child));
  }
}
