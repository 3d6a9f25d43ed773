// Makes executor-native/helper/seccomp/table.h from names.txt and the kernel's headers (Debian:
// linux-libc-dev, on amd64). Run it by hand when the names change.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "executor-native", "helper", "seccomp");
const names = readFileSync(join(folder, "names.txt"), "utf8").replaceAll(/^#.*$/gm, "").split(/\s+/).filter(Boolean);

/**
 * Numbers from 403 on, which are the same on every architecture. These calls may be newer than the
 * headers.
 */
const newest = {
  cachestat: 451,
  fchmodat2: 452,
  map_shadow_stack: 453,
  futex_wake: 454,
  futex_wait: 455,
  futex_requeue: 456,
  statmount: 457,
  listmount: 458,
  mseal: 462,
  setxattrat: 463,
  getxattrat: 464,
  listxattrat: 465,
  removexattrat: 466,
};

/**
 * Reads `#define __NR_name number` of a header. 64-bit architectures call `__NR3264_` names by the
 * plain name.
 */
function header(path) {
  const numbers = {};
  for (const [, name, number] of readFileSync(path, "utf8").matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)$/gm))
    numbers[name] ??= Number(number);
  return { ...numbers, ...newest };
}

const i386 = header("/usr/include/x86_64-linux-gnu/asm/unistd_32.h");
const generic = header("/usr/include/asm-generic/unistd.h");
// arm64 has other names than the common source (asm-generic/unistd.h) for these two calls.
const arm64 = { ...generic, newfstatat: generic.fstatat, fadvise64: generic.fadvise64 };

/**
 * 32-bit ARM (EABI) equals i386 up to 216 and from 403. These are its calls between, in order from
 * 217, "-" for an unused number.
 */
const armMiddle =
  `getdents64 pivot_root mincore madvise fcntl64 - - gettid readahead setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr llistxattr
  flistxattr removexattr lremovexattr fremovexattr tkill sendfile64 futex sched_setaffinity sched_getaffinity io_setup io_destroy io_getevents io_submit
  io_cancel exit_group lookup_dcookie epoll_create epoll_ctl epoll_wait remap_file_pages - - set_tid_address timer_create timer_settime timer_gettime
  timer_getoverrun timer_delete clock_settime clock_gettime clock_getres clock_nanosleep statfs64 fstatfs64 tgkill utimes arm_fadvise64_64 pciconfig_iobase
  pciconfig_read pciconfig_write mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr waitid socket bind connect listen accept
  getsockname getpeername socketpair send sendto recv recvfrom shutdown setsockopt getsockopt sendmsg recvmsg semop semget semctl msgsnd msgrcv msgget
  msgctl shmat shmdt shmget shmctl add_key request_key keyctl semtimedop vserver ioprio_set ioprio_get inotify_init inotify_add_watch inotify_rm_watch
  mbind get_mempolicy set_mempolicy openat mkdirat mknodat fchownat futimesat fstatat64 unlinkat renameat linkat symlinkat readlinkat fchmodat faccessat
  pselect6 ppoll unshare set_robust_list get_robust_list splice arm_sync_file_range tee vmsplice move_pages getcpu epoll_pwait kexec_load utimensat
  signalfd timerfd_create eventfd fallocate timerfd_settime timerfd_gettime signalfd4 eventfd2 epoll_create1 dup3 pipe2 inotify_init1 preadv pwritev
  rt_tgsigqueueinfo perf_event_open recvmmsg accept4 fanotify_init fanotify_mark prlimit64 name_to_handle_at open_by_handle_at clock_adjtime syncfs sendmmsg
  setns process_vm_readv process_vm_writev kcmp finit_module sched_setattr sched_getattr renameat2 seccomp getrandom memfd_create bpf execveat userfaultfd
  membarrier mlock2 copy_file_range preadv2 pwritev2 pkey_mprotect pkey_alloc pkey_free statx rseq io_pgetevents migrate_pages kexec_file_load`.split(
    /\s+/,
  );
const arm = Object.fromEntries([
  ...Object.entries(i386).filter(([, number]) => number < 217 || number >= 403),
  ...armMiddle.map((name, index) => [name, 217 + index]).filter(([name]) => name !== "-"),
  // ARM's own calls.
  ["breakpoint", 0xf0001],
  ["cacheflush", 0xf0002],
  ["set_tls", 0xf0005],
]);
if (arm.kexec_file_load !== 401) throw new Error(`The ARM table is off: kexec_file_load is ${arm.kexec_file_load}, not 401`);
if (arm.modify_ldt === 123) delete arm.modify_ldt;

const x86_64 = { ...header("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), uretprobe: 335 };

/**
 * Calls that answer success to 32-bit programs where owners are virtual: the supervisor cannot read
 * their memory.
 */
const owning = [
  "chown",
  "lchown",
  "fchown",
  "setuid",
  "setgid",
  "setreuid",
  "setregid",
  "setresuid",
  "setresgid",
  "setfsuid",
  "setfsgid",
  "setgroups",
];
const pretended = ["fchownat", ...owning, ...owning.map((name) => `${name}32`)];

/**
 * Calls by which a process changes a file without a descriptor for writing. A step that makes none
 * of them, and opens nothing for writing, leaves its root as it was.
 */
const changing =
  `bind chmod chown chown32 creat fchmod fchmodat fchmodat2 fchown fchown32 fchownat fremovexattr fsetxattr futimesat lchown lchown32 link
  linkat lremovexattr lsetxattr mkdir mkdirat mknod mknodat openat2 removexattr rename renameat renameat2 rmdir setxattr symlink symlinkat truncate
  truncate64 unlink unlinkat utime utimensat utimensat_time64 utimes`.split(/\s+/);

/** Returns lines of numbers. */
function lines(numbers) {
  const all = [];
  for (let i = 0; i < numbers.length; i += 20) all.push(`\t${numbers.slice(i, i + 20).join(", ")},`);
  return all.join("\n");
}

function numbersOf(of, numbers) {
  return of
    .map((name) => numbers[name])
    .filter((number) => number !== undefined)
    .sort((a, b) => a - b);
}

function table(constant, identifier, numbers, compatible) {
  const allowed = [...new Set(names.map((name) => numbers[name]).filter((number) => number !== undefined))].sort((a, b) => a - b);
  const ranges = [];
  for (const number of allowed) {
    const last = ranges.at(-1);
    if (last && last[1] + 1 === number) last[1] = number;
    else ranges.push([number, number]);
  }
  const rows = ranges.map(([first, last]) => `{${first}, ${last}},`);
  const rangeLines = [];
  for (let i = 0; i < rows.length; i += 10) rangeLines.push(`\t${rows.slice(i, i + 10).join(" ")}`);
  const pretend = compatible ? `static const uint32_t ${identifier}_pretended[] = {\n${lines(numbersOf(pretended, numbers))}\n};\n` : "";
  const change = `static const uint32_t ${identifier}_changing[] = {\n${lines(numbersOf(changing, numbers))}\n};\n`;
  const field = compatible ? `${identifier}_pretended, sizeof ${identifier}_pretended / sizeof ${identifier}_pretended[0]` : "NULL, 0";
  return {
    ranges: `static const struct syscall_range ${identifier}_ranges[] = {\n${rangeLines.join("\n")}\n};\n\n${change}${pretend && `\n${pretend}`}`,
    entry: `\t{${constant}, ${identifier}_ranges, sizeof ${identifier}_ranges / sizeof ${identifier}_ranges[0], ${numbers.clone}, ${numbers.clone3}, ${numbers.personality}, ${numbers.socket}, ${numbers.socketcall ?? "NO_CALL"}, ${numbers.open ?? "NO_CALL"}, ${numbers.openat}, ${numbers.setrlimit}, ${numbers.prlimit64}, ${numbers.ioctl}, ${identifier}_changing, sizeof ${identifier}_changing / sizeof ${identifier}_changing[0], ${field}},`,
  };
}

const amd = [table("AUDIT_ARCH_X86_64", "x86_64", x86_64), table("AUDIT_ARCH_I386", "i386", i386, true)];
const arms = [table("AUDIT_ARCH_AARCH64", "aarch64", arm64), table("AUDIT_ARCH_ARM", "arm", arm, true)];
const known = new Set([x86_64, i386, arm64, arm].flatMap((numbers) => Object.keys(numbers)));
const unknown = names.filter((name) => !known.has(name));
if (unknown.length) throw new Error(`No architecture has the system calls: ${unknown.join(" ")}`);

writeFileSync(
  join(folder, "table.h"),
  `/* Made by scripts/generate/seccomp-table.mjs from names.txt. */
#ifndef TSBUILD_SECCOMP_TABLE_H
#define TSBUILD_SECCOMP_TABLE_H

#include <linux/audit.h>
#include <stddef.h>
#include <stdint.h>

/* Stands for a call that an architecture lacks. */
#define NO_CALL 0xffffffffu

struct syscall_range {
	uint32_t first, last;
};

struct syscall_table {
	uint32_t architecture;
	const struct syscall_range *ranges;
	size_t count;
	uint32_t clone, clone3, personality, socket, socketcall, open, openat, setrlimit, prlimit64, ioctl;
	const uint32_t *changing; /* change a file system without a descriptor for writing */
	size_t changing_count;
	const uint32_t *pretended; /* answered with success where owners are virtual */
	size_t pretended_count;
};

#if defined(__x86_64__)
${amd.map((one) => one.ranges).join("\n")}
static const struct syscall_table syscall_tables[] = {
${amd.map((one) => one.entry).join("\n")}
};
#elif defined(__aarch64__)
${arms.map((one) => one.ranges).join("\n")}
static const struct syscall_table syscall_tables[] = {
${arms.map((one) => one.entry).join("\n")}
};
#else
#error "tsbuild's sandbox has system call tables for x86_64 and aarch64 only"
#endif

#endif
`,
);
