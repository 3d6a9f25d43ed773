import { basename, isAbsolute, join } from "node:path";
import { unreachable } from "../../core/errors.js";
import type { SandboxMount, SandboxSpec } from "../contract.js";
import type { MappedIds } from "../mapped-ids.js";
import type { SpecOperations } from "./spec-operations.js";

/**
 * Docker's default capabilities, by number: chown, dac_override, fowner, fsetid, kill, setgid,
 * setuid, setpcap, net_bind_service, net_raw, sys_chroot, mknod, audit_write, setfcap.
 */
const DEFAULT_CAPABILITIES = [0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31].reduce((mask, number) => mask | (1n << BigInt(number)), 0n);
/**
 * Capability to read and forge packets. Without a network namespace, those of the builder too; in
 * the network that steps share, those of other steps, and packets to the host's loopback.
 */
const NET_RAW = 1n << 13n;
const ALL_CAPABILITIES = (1n << 64n) - 1n;

/**
 * Paths that are masked, as in Docker's default: they show facts of the host, or let a step change
 * it. With the host's network the host's /sys is shown, so file systems mounted in it (debug,
 * tracing, bpf …) are masked too; Docker's fresh one has empty directories there.
 */
const MASKED = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
  "/sys/fs/bpf",
  "/sys/fs/fuse/connections",
  "/sys/fs/pstore",
  "/sys/kernel/config",
  "/sys/kernel/debug",
  "/sys/kernel/security",
  "/sys/kernel/tracing",
];
const READONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
/**
 * Entries of /proc about the whole machine. Each has one owner, mode and time in all the /proc
 * there are, and whoever has root's id may change them. Note that those below /proc/net cannot be
 * here, because each process has a link to others of its own.
 */
const OF_THE_MACHINE = [
  "buddyinfo cgroups cmdline config.gz consoles cpuinfo crypto devices diskstats dma driver execdomains fb filesystems iomem ioports",
  "kallsyms key-users kmsg kpagecgroup kpagecount kpageflags loadavg locks mdstat meminfo misc modules mtrr pagetypeinfo partitions",
  "pressure schedstat slabinfo softirqs stat swaps sysvipc tty uptime version vmallocinfo vmstat zoneinfo",
].flatMap((names) => names.split(" ").map((name) => `/proc/${name}`));
/**
 * Further paths of /proc through which root changes the host. A step without limits has nothing
 * masked, and lacks no capability.
 */
const SETTINGS_OF_ROOT = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/driver",
  "/proc/dynamic_debug",
  "/proc/mtrr",
  "/proc/pressure",
  "/proc/scsi",
];

const DEFAULT_SHM_SIZE = 64 * 1024 * 1024;
/**
 * Soft limit of open files: more than any build tool needs, few enough for programs that close them
 * all.
 */
const OPEN_FILES = 65536;

/** Settings for a namespace that lacks some ids: see helper/ownership/owners.h. */
export interface VirtualOwnership {
  /** File of the step's owners, which the native part makes. */
  readonly file: string;
  readonly mapped: MappedIds;
  /** True when the step is known to need a supervisor. The native part checks the layers too. */
  readonly supervised: boolean;
}

/** Ids of the worker's user namespace, as maps of a namespace inside it that has all of them. */
export interface AllIds {
  readonly uids: string;
  readonly gids: string;
}

interface EncodingOptions {
  /** Pid of the worker. The sandbox ends with it. */
  readonly parent: number;
  readonly owners?: VirtualOwnership;
  readonly allIds: AllIds;
  /**
   * True where id 0 is the host's root. Much of /proc and /sys checks nothing but that number,
   * so a step without limits runs with it in a user namespace of its own, in which it cannot undo
   * how these are mounted.
   */
  readonly isHostRoot: boolean;
  /**
   * True where steps see the /proc of the processes outside, because the kernel refuses a fresh
   * one. Their commands then have user namespaces of their own. The kernel keeps the memory,
   * environment, files and root of a process from all that are in another user namespace.
   */
  readonly outerProc: boolean;
  /** Folder of a root that is a copy of the layers, and how many of them that has. */
  readonly root?: { readonly folder: string; readonly has: number };
  /** Processors that the step's programs begin on; all when it is not there. */
  readonly processors?: readonly number[];
  /** Tasks that the step's user may have; the step's own ulimit wins. */
  readonly mostTasks?: number;
  /** Without it a step has namespaces. `translated`: see helper/supervised/. */
  readonly withoutNamespaces?: { readonly translated: boolean };
}

type Operation = <Key extends keyof SpecOperations>(key: Key, ...fields: SpecOperations[Key]) => void;

/**
 * Returns the bytes that the native part reads: the policy of a sandbox, spelled out. The format is
 * described in helper/spec/spec.h, the operations stand in helper/spec/operations.def.
 */
export function encodeSpec(
  spec: SandboxSpec,
  { parent, owners, allIds, isHostRoot, outerProc, root, processors, mostTasks, withoutNamespaces }: EncodingOptions,
): Buffer {
  const parts: Buffer[] = [];
  const operation: Operation = (key, ...fields) => {
    for (const field of [key, ...fields]) parts.push(...encodeField(field));
  };
  const insecure = spec.security === "insecure";
  operation("parent", parent);
  operation("upper", absolute(spec.rootfs.upper));
  operation("work", absolute(spec.rootfs.work));
  for (const lower of spec.rootfs.lowers) operation("lower", absolute(lower));
  if (root) {
    operation("working-root", absolute(root.folder));
    operation("working-root-has", root.has);
    if (spec.keepFailed) operation("keep-failed", true);
    operation("translated", withoutNamespaces?.translated ?? false);
  }
  for (const mount of spec.mounts) encodeMount(mount, operation);
  if (spec.emulator) {
    const dest = join("/run/tsbuild", basename(spec.emulator.path));
    encodeMount({ type: "bind", source: spec.emulator.path, dest, readonly: true }, operation);
    operation("emulated", spec.emulator.machine);
    operation("emulator", dest);
  }
  for (const arg of spec.args) operation("arg", arg);
  for (const variable of spec.env) operation("env", variable);
  operation("cwd", spec.cwd);
  operation("user", spec.user);
  for (const group of spec.groups ?? []) operation("group", String(group));
  if (spec.readonlyRoot) operation("readonly-root", true);
  if (spec.interactive) operation("input", true);
  for (const word of (spec.interactive && spec.check) || []) operation("check", word);
  if (spec.interactive && spec.terminal) operation("terminal", spec.terminal.rows, spec.terminal.columns);
  operation("hostname", spec.hostname);
  operation("hosts", spec.hosts);
  operation("resolv-conf", spec.resolvConf);
  const isPrivate = spec.network === "private";
  operation("network", spec.network === "host");
  operation("joins-network", isPrivate || spec.network === "proxy");
  operation("seccomp", !insecure);
  const ownNamespace = outerProc || (insecure && (isHostRoot || isPrivate));
  const unlimited = insecure && !ownNamespace;
  operation("sys-writable", unlimited);
  const limited = withoutNamespaces || isPrivate ? DEFAULT_CAPABILITIES & ~NET_RAW : DEFAULT_CAPABILITIES;
  operation("capabilities", insecure ? ALL_CAPABILITIES : limited);
  if (ownNamespace) operation("user-namespace", allIds.uids, allIds.gids);
  operation("outer-proc", outerProc);
  for (const path of insecure ? [] : MASKED) operation("masked", path);
  for (const path of unlimited ? [] : READONLY) operation("readonly", path);
  for (const path of isHostRoot && !outerProc ? OF_THE_MACHINE : []) operation("readonly", path);
  for (const path of insecure && ownNamespace ? SETTINGS_OF_ROOT : []) operation("readonly", path);
  // A mount of the step replaces the usual one, as in Docker: nothing lies below it.
  const ownShm = spec.mounts.some(({ dest }) => dest === "/dev/shm");
  operation("shm-size", ownShm ? 0 : (spec.shmSize ?? DEFAULT_SHM_SIZE));
  operation("open-files", OPEN_FILES);
  for (const processor of processors ?? []) operation("processor", String(processor));
  const { ulimits = [] } = spec;
  // A program that crashes leaves its memory in no layer, unless the step asks for it.
  if (!ulimits.some(({ name }) => name === "core")) operation("rlimit", "core", 0, 0);
  if (mostTasks !== undefined && !ulimits.some(({ name }) => name === "nproc")) operation("rlimit", "nproc", mostTasks, mostTasks);
  for (const { name, soft, hard } of ulimits) operation("rlimit", name, limit(soft), limit(hard));
  if (owners) {
    operation("mapped", owners.mapped.users.text, owners.mapped.groups.text);
    operation("owners", owners.file, owners.supervised);
  }
  return Buffer.concat(parts);
}

const NUL = Buffer.alloc(1);
/** RLIM_INFINITY. */
const UNLIMITED = (1n << 64n) - 1n;

/** Returns the length of a field, the field and its NUL. */
function encodeField(field: string | number | bigint | boolean | Uint8Array): readonly Buffer[] {
  const bytes = field instanceof Uint8Array ? field : Buffer.from(typeof field === "boolean" ? (field ? "1" : "0") : String(field));
  const size = Buffer.allocUnsafe(4);
  size.writeUInt32LE(bytes.length);
  return [size, bytes instanceof Buffer ? bytes : Buffer.from(bytes), NUL];
}

function encodeMount(mount: SandboxMount, operation: Operation): void {
  switch (mount.type) {
    case "bind":
      operation("bind", mount.dest, mount.readonly, absolute(mount.source));
      return;
    case "host":
      operation("host", mount.dest, true, mount.selector, absolute(mount.directory));
      return;
    case "device":
      operation("device", mount.dest, true, absolute(mount.source));
      return;
    case "overlay":
      operation("overlay", mount.dest, mount.readonly, mount.selector);
      for (const lower of mount.lowers) operation("overlay-lower", absolute(lower));
      return;
    case "tmpfs":
      operation("tmpfs", mount.dest, mount.readonly, mount.size);
      return;
    case "file":
      operation("file", mount.dest, true, mount.uid, mount.gid, mount.mode, Buffer.from(mount.data, "base64"));
      return;
    default:
      unreachable(mount);
  }
}

/** Returns a limit in the kernel's form: -1 means "unlimited", as in `--ulimit`. */
function limit(value: number): bigint {
  return value === -1 ? UNLIMITED : BigInt(value);
}

function absolute(path: string): string {
  if (!isAbsolute(path)) throw new Error(`internal: the sandbox needs absolute host paths, not "${path}"`);
  return path;
}
