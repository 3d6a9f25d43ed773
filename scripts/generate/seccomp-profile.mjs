// Makes examples/ci/seccomp.json from the list of system calls that steps may make: a profile for
// containers in which tsbuild runs as any user. It is Docker's default profile, and the calls that
// make namespaces and mounts in them, which need no right of the container itself.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const NAMES = join(root, "executor-native", "helper", "seccomp", "names.txt");
const PROFILE = join(root, "examples", "ci", "seccomp.json");

/** Calls of Docker's list whose arguments decide, as in executor-native/helper/seccomp/filter.c. */
const PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];
const AF_VSOCK = 40;

/** Calls that a sandbox is made with. */
const MAKES_NAMESPACES = ["clone", "clone3", "unshare", "setns", "sethostname", "pivot_root"];
const MAKES_MOUNTS = ["mount", "umount", "umount2", "open_tree", "move_mount", "mount_setattr", "fsopen", "fsconfig", "fsmount"];

/** Returns the profile's text, in the form of the OCI runtime specification and of Docker. */
export function seccompProfile() {
  const names = readFileSync(NAMES, "utf8").replaceAll(/^#.*$/gm, "").split(/\s+/).filter(Boolean);
  const allow = (names, args) => ({ names, action: "SCMP_ACT_ALLOW", ...(args && { args }) });
  const profile = {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 1,
    architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
    syscalls: [
      allow([...new Set([...names, ...MAKES_NAMESPACES, ...MAKES_MOUNTS])].sort()),
      allow(["socket"], [{ index: 0, value: AF_VSOCK, op: "SCMP_CMP_NE" }]),
      ...PERSONALITIES.map((value) => allow(["personality"], [{ index: 0, value, op: "SCMP_CMP_EQ" }])),
    ],
  };
  return `${JSON.stringify(profile, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PROFILE, seccompProfile());
