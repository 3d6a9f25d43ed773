import { type FeatureName, type ProbeFeature, probe } from "../../executor-native/probe.js";
import { limitsText, watchedIn } from "../../executor-native/limits/prepare-limits.js";
import { tryLimits } from "../../executor-native/limits/try-limits.js";
import type { ChosenTier } from "../../executor-native/isolation/choose-tier.js";
import type { DoctorCheck } from "../options/doctor-types.js";
import { check, settings } from "./check.js";

/** Title of each part of the probe, and the settings that decide it. */
const FEATURES: Readonly<
  Record<FeatureName, { readonly title: string; readonly works: string; readonly controlledBy: readonly string[] }>
> = {
  helper: { title: "Sandbox program", works: "it can be run", controlledBy: [] },
  "id-maps": { title: "Maps of ids", works: "they are known", controlledBy: ["/etc/subuid", "/etc/subgid"] },
  "user-namespaces": {
    title: "User namespaces",
    works: "one was made",
    controlledBy: [
      "/proc/sys/kernel/unprivileged_userns_clone",
      "/proc/sys/user/max_user_namespaces",
      "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    ],
  },
  "mount-api": { title: "Mount calls", works: "fsmount and mount_setattr work", controlledBy: [] },
  overlay: { title: "Overlayfs in user namespaces", works: "a mount with userxattr works where the store is", controlledBy: [] },
  proc: { title: "A fresh /proc", works: "it can be mounted", controlledBy: [] },
  "pivot-root": { title: "A root of its own", works: "pivot_root is allowed", controlledBy: [] },
  namespaces: {
    title: "Network, IPC and UTS namespaces",
    works: "they were made",
    controlledBy: ["/proc/sys/user/max_net_namespaces", "/proc/sys/user/max_ipc_namespaces", "/proc/sys/user/max_uts_namespaces"],
  },
  seccomp: { title: "Filters of system calls", works: "the filter was accepted", controlledBy: ["/proc/sys/kernel/seccomp/actions_avail"] },
  ids: { title: "Files of other users", works: "whom they belong to can be kept where the store is", controlledBy: [] },
};

/**
 * Tries what steps need of the kernel in `directory`. Leaves out checks that an earlier failure
 * makes impossible.
 */
export function kernelChecks(directory: string, { tier, copies }: ChosenTier = { tier: "namespaces" }): readonly DoctorCheck[] {
  return [
    ...probe(directory)
      .features.filter(({ name }) => name !== "helper")
      .map(fromFeature)
      // A tier without namespaces does without all of it, copies of layers without overlays.
      .map((feature) => {
        const isNeeded = tier === "namespaces" && !(copies !== undefined && feature.name === "overlay");
        return feature.status === "missing" && !isNeeded ? { ...feature, status: "warning" as const } : feature;
      }),
    limits(),
  ];
}

function fromFeature({ name, ok, problem, hint }: ProbeFeature): DoctorCheck {
  const { title, works, controlledBy } = FEATURES[name];
  return check(name, title, {
    status: ok ? (problem === undefined ? "ok" : "warning") : "missing",
    found: problem ?? works,
    controlledBy: controlledBy.flatMap((path) => (path.startsWith("/proc/") ? settings(path) : [path])),
    fix: hint,
  });
}

/** Tries how limits of steps hold. */
function limits(): DoctorCheck {
  const { report, hasManager } = tryLimits();
  const watched = watchedIn(report);
  const scope = watched.length > 0 && hasManager;
  return check("cgroup", "Limits of steps", {
    status: watched.length === 0 || scope ? "ok" : "warning",
    found: scope ? "systemd gives a build a scope of its own, in which groups can be made" : `held by ${limitsText(report)}`,
    controlledBy: ["/sys/fs/cgroup"],
    fix:
      watched.length === 0 || scope
        ? undefined
        : "A user needs systemd's user manager (loginctl enable-linger), or a scope: systemd-run --user --scope -p Delegate=yes tsbuild …; a container needs a writable /sys/fs/cgroup (docs/limits.md)",
  });
}
