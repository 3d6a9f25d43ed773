import type { Row } from "../row.js";

const EACH_READ_ONLY = "EROFS EROFS EROFS EROFS EROFS EROFS";
const EACH_BUSY = "EBUSY EBUSY EBUSY EBUSY EBUSY EBUSY";

/** program/devices.c, in a step of their own; see "Device nodes" in docs/sandbox.md. */
export const nodes: readonly Row[] = [
  ["node_of_a_disk", "mknod of a disk", "done"],
  ["node_of_memory", "mknod of /dev/mem", "done"],
  ["node_of_null", "mknod of /dev/null", "done"],
  ["node_of_a_disk_opened", "open of that disk", "ENXIO"],
  ["node_of_memory_opened", "open of that /dev/mem", "ENXIO"],
  ["node_of_null_opened", "open of that /dev/null", "ENXIO"],
  ["node_of_a_disk_mounted", "mknod of the disk and mount", "EPERM"],
  ["node_by_other_ways", "open of that disk by /proc/self/fd/N, and by a link", ["ENXIO ENXIO", "nothing ENXIO"]],
  ["node_kind_in_its_directory", "that disk among the names of its directory", "file"],
  ["node_in_shm", "mknod in /dev/shm", "EPERM"],
  ["node_in_dev", "mknod in /dev", "EPERM"],
  ["node_of_a_whiteout", "mknod 0:0, which is a mark of overlayfs", ["EPERM", "done"]],
];

/** program/devices.c */
export const devices: readonly Row[] = [
  ["devices", "devices of the host in /dev", " core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero"],
  ["terminals", "terminals of others in /dev/pts", " ptmx"],
  ["terminals_of_others", "open of all terminals", "0 opened"],
  ["own_terminal", "a terminal of the step's own", "text"],
  ["device_modes", "chmod of /dev/null, zero, full, random, urandom, tty", EACH_READ_ONLY],
  ["device_modes_by_descriptor", "chmod of the same by /proc/self/fd/N", EACH_READ_ONLY],
  ["device_owners", "chown of the same", EACH_READ_ONLY],
  ["device_times", "utimes of the same", EACH_READ_ONLY],
  ["device_attributes", "user attributes of the same", EACH_READ_ONLY],
  ["device_lists", "access control lists of the same", EACH_READ_ONLY],
  ["device_capabilities", "file capabilities of the same", EACH_READ_ONLY],
  ["devices_removed", "unlink of the same", EACH_BUSY],
  ["devices_moved", "rename of the same", EACH_BUSY],
  ["devices_work", "reading and writing the same", "all"],
  // The node is the host's, so a lock on it is too. Nothing is known to ask for one.
  ["device_locked", "flock of /dev/null", "done"],
  ["mask_mode", "chmod of a masked file in /proc", ["EROFS", "ENOENT"]],
  ["mask_owner", "chown of the same", ["EROFS", "ENOENT"]],
  ["mask_times", "utimes of the same", ["EROFS", "ENOENT"]],
  ["mask_of_a_directory", "mkdir in a masked directory", ["EROFS", "ENOENT"]],
  ["mask_of_a_directory_mode", "chmod of a masked directory", ["EROFS", "ENOENT"]],
  ["terminal", "/dev/tty", "ENXIO"],
  ["input_of_a_terminal", "TIOCSTI (CVE-2017-5226)", "ENOTTY"],
  ["controlling_terminal", "TIOCSCTTY", "ENOTTY"],
  ["console_selection", "TIOCLINUX", "ENOTTY"],
  ["console_of_the_host", "/dev/console", "ENOENT"],
];

/** program/processes.c */
export const processes: readonly Row[] = [
  ["ptrace_attach_first", "ptrace attach to the first process (CVE-2016-8659)", "EPERM"],
  ["ptrace_seize_first", "ptrace seize of the first process", "EPERM"],
  ["read_memory_of_first", "process_vm_readv of the first process", "EPERM"],
  ["write_memory_of_first", "process_vm_writev of the first process", "EPERM"],
  ["signal_host_process", "SIGKILL to a process of the host", "ESRCH"],
  ["signal_first", "SIGKILL, SIGSTOP to the first process", "alive"],
  ["all_processes", "signals to and pidfd_open of 70,000 pids", "0 signalled, 0 opened"],
  ["processes_seen", "processes of others in /proc", { ownProc: "3", outerProc: ["5", "6", "7", "8", "9"] }],
  // With the outer /proc it is a process of the machine, whose command line nothing hides.
  ["command_line_of_first", "command line of the first process", { ownProc: "tsbuild-sandbox run", outerProc: "of another" }],
  ["descriptor_of_first", "pidfd_getfd of the first process", "EPERM"],
  ["kcmp_first", "kcmp with the first process", "EPERM"],
  ["move_pages_of_first", "move_pages of the first process", "EPERM"],
  ["madvise_first", "process_madvise of the first process", "EPERM"],
  // It ends with its own limits, and so does the step.
  ["limits_of_first", "prlimit of the first process", "done"],
  ["higher_limits", "a higher hard limit", "EPERM"],
  ["oom_score", "oom_score_adj -1000", { ownProc: "EACCES", outerProc: "EROFS" }],
  ["real_time_scheduling", "SCHED_FIFO", "EPERM"],
  ["higher_priority", "nice -10", "EACCES"],
  ["shared_memory_of_the_host", "System V shared memory", "0 segments"],
  ["environment", "environment of the host", "PATH HOME"],
  ["supplementary_groups", "supplementary groups: the image's for root", "0 50"],
];

/** Returns the outcomes of attempts at the same file that all end alike. */
function eight(...errors: readonly string[]): readonly string[] {
  return errors.map((error) => Array<string>(8).fill(error).join(" "));
}

/** program/proc.c */
export const proc: readonly Row[] = [
  ["others_in_proc", "memory, environment, files and root of others by /proc/PID", "none"],
  ["others_changed_by_proc", "settings of others by /proc/PID", "none"],
  ["attributes_of_version", "mode, owner and times of /proc/version", { hostRoot: eight("EROFS"), others: eight("EPERM", "EROFS") }],
  ["attributes_of_setting", "the same of a file of /proc/sys", eight("EROFS")],
  // By design: see "Attributes of files in /proc" in docs/sandbox.md.
  ["attributes_of_network", "the same of /proc/net/dev", { hostRoot: eight("done", "EROFS"), others: eight("EPERM", "EROFS") }],
  ["attributes_of_sys", "the same of a file of /sys", eight("EROFS")],
  ["attributes_after_change_of_user", "times of /proc/version after seteuid", ["EROFS", "EPERM"]],
  ["attributes_by_exchanged_descriptor", "fchmod of a descriptor that another thread exchanges", "as before"],
  ["others_signalled_by_proc", "pidfd_send_signal of others by /proc/PID", "none"],
];

/** program/network.c; the step shares the host's network. */
export const network: readonly Row[] = [
  ["raw_socket", "raw socket", "EPERM"],
  ["packet_socket", "packet socket", "EPERM"],
  ["vsock", "vsock", "EPERM"],
  ["crypto_socket", "AF_ALG (CVE-2026-31431)", "EPERM"],
  ["denied_families", "other socket families", "EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM"],
  ["link_down", "change lo by netlink", "EPERM"],
  ["link_flags", "SIOCSIFFLAGS", "EPERM"],
  ["mark", "SO_MARK", "EPERM"],
  ["packet_filter", "iptables", ["EPERM", "ENOPROTOOPT"]],
  ["low_port", "bind a port below 1024", ["EACCES", "done"]],
  // By design: see "The network" in docs/sandbox.md.
  ["host_service", "service of the host on 127.0.0.1", "done"],
  ["host_abstract_socket", "abstract socket of the host", "done"],
  ["taken_abstract_name", "bind an abstract name among the host's", "EADDRINUSE"],
  ["socket_diagnosis", "list the host's sockets", "done"],
  ["host_service_by_link", "service of the host on 127.0.0.1, on the link to a stack", "ENODEV"],
  ["foreign_source", "IP_TRANSPARENT", "EPERM"],
];

/** The same in the network that the steps of a build share. */
export const networkPrivate: readonly Row[] = [
  ["raw_socket", "raw socket", "EPERM"],
  ["packet_socket", "packet socket", "EPERM"],
  ["link_down", "change lo by netlink", "EPERM"],
  ["link_flags", "SIOCSIFFLAGS", "EPERM"],
  ["mark", "SO_MARK", "EPERM"],
  ["foreign_source", "IP_TRANSPARENT", "EPERM"],
  ["host_service", "service of the host on 127.0.0.1", "ECONNREFUSED"],
  ["host_service_by_link", "the same, on the link to the stack", ["EHOSTUNREACH", "EINPROGRESS"]],
  ["host_abstract_socket", "abstract socket of the host", "ECONNREFUSED"],
  ["taken_abstract_name", "bind an abstract name that the host has", "done"],
  // Its owner is the user namespace that the step is in.
  ["owner_of_network_namespace", "NS_GET_USERNS of the network namespace", "done"],
  ["own_namespaces", "namespaces that are not the host's", "cgroup ipc mnt net pid user uts"],
];

/** The same with `--network=none`. */
export const networkNone: readonly Row[] = [
  ["host_service", "service of the host on 127.0.0.1", "ECONNREFUSED"],
  ["host_abstract_socket", "abstract socket of the host", "ECONNREFUSED"],
  ["taken_abstract_name", "bind an abstract name that the host has", "done"],
  ["own_namespaces", "namespaces that are not the host's", "cgroup ipc mnt net pid user uts"],
];

/** The same in a network whose only way out is a proxy. */
export const networkProxy: readonly Row[] = [
  ...networkNone,
  ["link_down", "change lo by netlink", "EPERM"],
  ["link_flags", "SIOCSIFFLAGS", "EPERM"],
];
