import { spawnSync } from "node:child_process";
import { isOutOfDescriptors, outOfDescriptors } from "../core/system/descriptors.js";
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { TsbuildError } from "../core/errors.js";
import { inChroot } from "./chrooted.js";
import { OUTER_PROC_NOTICE } from "./errors.js";
import type { HelperFailure } from "./helper-failure.js";
import { helperPath } from "./helper-path.js";
import { type IdMaps, idMaps } from "./id-map.js";
import type { Ownership } from "./ownership.js";
import { readText } from "./read-text.js";
import { emulated, emulatedOn } from "./emulated.js";

/** Features that running steps depends on, in the order in which they are needed. */
export type FeatureName =
  | "helper"
  | "id-maps"
  | "user-namespaces"
  | "mount-api"
  | "overlay"
  | "proc"
  | "pivot-root"
  | "namespaces"
  | "seccomp"
  | "ids";

export interface ProbeFeature {
  readonly name: FeatureName;
  readonly ok: boolean;
  /**
   * One sentence that names the missing part and the file or setting that controls it. For a
   * feature that is ok, it says which substitute is used.
   */
  readonly problem?: string;
  /** Way out. */
  readonly hint?: string;
}

export interface ProbeReport {
  readonly ok: boolean;
  /** Features up to and including the first one that prevents trying the later ones. */
  readonly features: readonly ProbeFeature[];
  readonly maps: IdMaps | undefined;
}

/**
 * Tries everything that running steps needs, in a real user namespace and in `directory`. The
 * default is the temporary directory; pass the store's, because file systems differ. Takes some 20
 * ms and leaves nothing behind. Never throws.
 */
export function probe(directory = tmpdir()): ProbeReport {
  const features: ProbeFeature[] = [];
  const done = (maps?: IdMaps): ProbeReport => ({ ok: features.every((feature) => feature.ok), features, maps });
  const helper = attempt("helper", helperPath, features);
  if (helper === undefined) return done();
  const maps = attempt("id-maps", idMaps, features);
  if (maps === undefined) return done();
  if (maps.lacking) {
    const { problem, hint } = maps.lacking;
    features[features.length - 1] = {
      name: "id-maps",
      ok: true,
      problem: `Steps run with one id, and owners are virtual: ${problem}`,
      hint,
    };
  }
  const ownership = maps.mode === "own" ? "virtual" : "mapped";

  const place = attempt("overlay", () => mkdtempSync(join(directory, "tsbuild-probe-")), features);
  if (place === undefined) return done(maps);
  features.pop(); // The directory is writable; overlays are tried below.
  try {
    const { stdout, stderr, status, error } = spawnSync(
      helper,
      ["userns", String(process.pid), maps.mode, maps.uids, maps.gids, helper, "probe", place, ownership],
      { encoding: "utf8" },
    );
    // A program that did not start has no output.
    if (isOutOfDescriptors(error)) throw outOfDescriptors(`Cannot start "${helper}"`, error);
    if (error || status !== 0) {
      features.push(error ? namespaceProblem(undefined, error.message) : namespaceProblem(lastFailure(stderr), stderr.trim()));
      return done(maps);
    }
    features.push({ name: "user-namespaces", ok: true });
    for (const line of stdout.split("\n").filter(Boolean)) {
      const { status: outcome, feature, errno } = JSON.parse(line) as { status: string; feature: FeatureName; errno?: number };
      // Without the mount calls nothing is known, and there is no other way.
      if (feature === "proc" && outcome !== "ok" && errno === constants.errno.ENOSYS) continue;
      if (feature === "proc" && outcome !== "ok") {
        features.push({ name: feature, ok: true, problem: OUTER_PROC_NOTICE.message, hint: OUTER_PROC_NOTICE.hint });
        continue;
      }
      features.push(
        outcome === "ok" ? { name: feature, ok: true } : { name: feature, ok: false, ...missing(feature, directory, errno, ownership) },
      );
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  return done(maps);
}

/** Says of each part that a step without any privilege needs how it is missing. */
const UNPRIVILEGED: Readonly<Record<string, string>> = {
  seccomp: "the kernel, or a filter of the container, refuses filters of system calls that ask a process",
  trace: "ptrace is refused, by a filter of the container or by kernel.yama.ptrace_scope",
  ids: "files cannot carry their owners as extended attributes (user.*)",
};

/**
 * Tries in `directory` what a step without any privilege needs. Returns the reason why one cannot
 * run; undefined when it can. Never throws.
 */
export function probeUnprivileged(directory: string): string | undefined {
  let place: string | undefined;
  try {
    place = mkdtempSync(join(directory, "tsbuild-probe-"));
    const { stdout, error, stderr } = spawnSync(helperPath(), ["probe", place, "unprivileged"], { encoding: "utf8" });
    if (error) throw error;
    const lines = stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { status: string; feature: string; errno?: number });
    const missing = lines.find(({ status }) => status !== "ok");
    if (missing !== undefined) return `${UNPRIVILEGED[missing.feature]} (errno ${missing.errno})`;
    return lines.length === Object.keys(UNPRIVILEGED).length ? undefined : `it cannot be tried: ${stderr.trim()}`;
  } catch (error) {
    return `it cannot be tried: ${(error as Error).message}`;
  } finally {
    if (place !== undefined) rmSync(place, { recursive: true, force: true });
  }
}

function attempt<T>(name: FeatureName, action: () => T, features: ProbeFeature[]): T | undefined {
  try {
    const value = action();
    features.push({ name, ok: true });
    return value;
  } catch (error) {
    const hint = error instanceof TsbuildError && error.hint !== undefined ? { hint: error.hint } : {};
    features.push({ name, ok: false, problem: (error as Error).message, ...hint });
    return undefined;
  }
}

/** Settings that are known to forbid user namespaces, each with its way out. */
const SETTINGS: readonly { readonly file: string; readonly forbids: (value: number) => boolean; readonly fix: string }[] = [
  {
    file: "/proc/sys/kernel/unprivileged_userns_clone",
    forbids: (value) => value === 0 && process.geteuid?.() !== 0,
    fix: "As root: sysctl -w kernel.unprivileged_userns_clone=1 (to keep it, write it to /etc/sysctl.d/tsbuild.conf)",
  },
  {
    file: "/proc/sys/user/max_user_namespaces",
    forbids: (value) => value === 0,
    fix: "As root: sysctl -w user.max_user_namespaces=28633 (to keep it, write it to /etc/sysctl.d/tsbuild.conf)",
  },
  {
    file: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    forbids: (value) => value !== 0 && process.geteuid?.() !== 0,
    fix: "As root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give tsbuild's sandbox program an AppArmor profile with the rule userns (docs/sandbox.md has one). On GitHub's runners of ubuntu-24.04 and later, in a step before: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  },
];

/** Ways out for those who do not start the container themselves. */
const WAYS_OUT =
  "Run as root of the container, whose steps need no namespaces (--isolation=chroot); or let whoever starts it allow them: GitLab Runner: security_opt in [runners.docker]; GitHub: options: --security-opt seccomp=unconfined at container:; Kubernetes: seccompProfile and appArmorProfile of type Unconfined; OpenShift: an SCC that allows them; Docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined";
const RIGHTLESS =
  "A namespace can be made, but nothing done in it, as AppArmor's rule of Ubuntu 24.04 has it: as root, sysctl -w kernel.apparmor_restrict_unprivileged_userns=0; on GitHub's runners, in a step before: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0; or an AppArmor profile with the rule userns (docs/sandbox.md has one)";

function namespaceProblem(failure: HelperFailure | undefined, output: string): ProbeFeature {
  const setting = SETTINGS.find(({ file, forbids }) => {
    const value = readNumber(file);
    return value !== undefined && forbids(value);
  });
  if (failure?.code === "exec/id-map" || failure?.code === "exec/id-map-tool") {
    return {
      name: "id-maps",
      ok: false,
      problem: failure.message,
      hint: "newuidmap and newgidmap must be setuid root or have file capabilities, and /etc/subuid and /etc/subgid must hold ranges for this user that overlap nobody else's; or build with virtual owners: TSBUILD_OWNERSHIP=virtual",
    };
  }
  const machine = emulatedOn();
  if (machine !== undefined) return { name: "user-namespaces", ok: false, ...emulated(machine) };
  if (setting) {
    return {
      name: "user-namespaces",
      ok: false,
      problem: `User namespaces are not allowed here: ${setting.file} forbids them`,
      hint: setting.fix,
    };
  }
  if (failure?.code === "exec/userns-mount") {
    return {
      name: "mount-api",
      ok: false,
      problem: `Nothing can be mounted in a user namespace here: ${failure.message}`,
      hint: `A profile of AppArmor or seccomp refuses it, as AppArmor's for containers do. ${WAYS_OUT}`,
    };
  }
  if (inChroot()) {
    return {
      name: "user-namespaces",
      ok: false,
      problem: `User namespaces do not work here, because this process is in a chroot: ${failure?.message ?? output}`,
      hint: "Build outside the chroot, enter it with pivot_root, or run the steps without namespaces: --isolation=chroot as root, --isolation=supervised as an ordinary user",
    };
  }
  return {
    name: "user-namespaces",
    ok: false,
    problem: `User namespaces do not work here: ${failure?.message ?? output}`,
    hint:
      failure?.code === "exec/userns" && failure.message.startsWith("Cannot become root")
        ? RIGHTLESS
        : `A container's profile of seccomp or AppArmor usually forbids them. ${WAYS_OUT}`,
  };
}

/** Ways to a file system of another kind, for those who do not start the container themselves. */
const ANOTHER_PLACE =
  "Choose one with TSBUILD_ROOT: in a container a volume, such as the one with the project (GitLab: $CI_PROJECT_DIR.tmp or $CI_BUILDS_DIR, GitHub: $RUNNER_TEMP), an emptyDir of Kubernetes, or Docker's --volume";

function missing(
  name: FeatureName,
  directory: string,
  errno: number | undefined,
  ownership: Ownership,
): { readonly problem: string; readonly hint: string } {
  const number = errno === undefined ? "" : ` (errno ${errno})`;
  switch (name) {
    case "mount-api":
      return {
        problem: `The kernel lacks the mount calls fsmount and mount_setattr${number}`,
        hint: "Use Linux 5.12 or newer, with a seccomp profile that knows them",
      };
    case "overlay":
      return {
        problem: `Overlay mounts do not work in a user namespace in "${directory}"${number}`,
        hint: `They need Linux 5.11 or newer, the module overlay (as root: modprobe overlay), and a store on a local file system with extended attributes such as ext4, xfs or btrfs, not on NFS or another overlay. ${ANOTHER_PLACE}`,
      };
    case "pivot-root":
      return {
        problem: `A step cannot be given a root of its own${number}: a profile of seccomp refuses pivot_root`,
        hint: WAYS_OUT,
      };
    case "seccomp":
      if (ownership === "virtual") {
        return {
          problem: `The kernel refuses system call filters that ask a supervisor${number}, which virtual owners need`,
          hint: "It needs CONFIG_SECCOMP_FILTER, and an outer container must not have such a filter of its own; with a range of ids in /etc/subuid and /etc/subgid it works without",
        };
      }
      return { problem: `The kernel refuses system call filters${number}`, hint: "It needs CONFIG_SECCOMP_FILTER" };
    case "ids":
      if (ownership === "virtual") {
        return {
          problem: `Files in "${directory}" cannot carry their owners as extended attributes${number}`,
          hint: "The file system must allow attributes of users (user.*): choose another with TSBUILD_ROOT",
        };
      }
      return {
        problem: `Files in "${directory}" cannot be given to other users from a user namespace${number}`,
        hint: "The range in /etc/subuid and /etc/subgid needs 65536 ids or more, and the file system must store owners: choose another with TSBUILD_ROOT",
      };
    default:
      return { problem: `The kernel refuses network, IPC or UTS namespaces${number}`, hint: "See the limits in /proc/sys/user/" };
  }
}

function lastFailure(output: string): HelperFailure | undefined {
  const line = output.split("\n").find((text) => text.startsWith('{"status":"error"'));
  return line === undefined ? undefined : (JSON.parse(line) as HelperFailure);
}

function readNumber(file: string): number | undefined {
  const text = readText(file);
  return text === undefined ? undefined : Number(text);
}
