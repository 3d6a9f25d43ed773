import { constants } from "node:os";
import { TsbuildError, UsageError } from "../core/errors.js";
import type { HelperFailure } from "./helper-failure.js";

const BUILD_IT =
  'build it with "node scripts/build-helper.mjs" in the folder of tsbuild; this needs a C compiler and a static C library (Debian, Ubuntu: gcc libc6-dev; Fedora, RHEL: gcc glibc-static; Alpine: gcc musl-dev linux-headers)';
/** Ways to get the sandbox program. */
interface HelperSource {
  /** True where it can be built in place. */
  readonly sources: boolean;
  /** Hint for installations without the sources. */
  readonly install: string;
}

export function helperMissing(path: string, { sources, install, cause }: HelperSource & { readonly cause: unknown }): TsbuildError {
  return new TsbuildError("exec/helper-missing", `Cannot run steps: the sandbox program "${path}" is not there or cannot be executed`, {
    hint: sources ? `To have it, ${BUILD_IT}` : install,
    cause,
  });
}

/** Returns the error for a native program of another machine. */
export function helperForeign(
  path: string,
  what: string,
  { arch, sources, install }: HelperSource & { readonly arch: string },
): TsbuildError {
  return new TsbuildError("exec/helper-missing", `Cannot run steps: the sandbox program "${path}" ${what}, and this machine is ${arch}`, {
    hint: sources ? `Remove it and ${BUILD_IT}` : install,
  });
}

/** Returns the reason why owners are virtual. `free` is the first id that no range holds. */
export function noIdRange(file: string, user: string, free: number): { readonly problem: string; readonly hint: string } {
  const range = `${free}-${free + 65_535}`;
  return {
    problem: `no range of ids is set aside for user "${user}" in ${file}`,
    hint: `As root: usermod --add-subuids ${range} --add-subgids ${range} ${user}`,
  };
}

export function idToolMissing(tool: string): { readonly problem: string; readonly hint: string } {
  return {
    problem: `${tool} was not found in PATH`,
    hint: 'Install it (Debian, Ubuntu: "apt-get install uidmap"; Fedora, RHEL: "dnf install shadow-utils"; Alpine: "apk add shadow-uidmap")',
  };
}

export function noNewRights(): { readonly problem: string; readonly hint: string } {
  return {
    problem: "newuidmap may not be used, because this process may gain no rights (no_new_privs)",
    hint: "Inside a container, start it without --security-opt no-new-privileges (Docker), or with allowPrivilegeEscalation: true (Kubernetes)",
  };
}

/** A feature that steps depend on, with its fault, for an error. */
interface FoundFeature {
  readonly ok: boolean;
  readonly problem?: string;
  readonly hint?: string;
}

/**
 * Returns the error for a worker that could not be started. `features` holds the results of the
 * probe.
 */
export function workerNotStarted(features: readonly FoundFeature[], failure: HelperFailure | undefined, output: string): TsbuildError {
  const missing = features.find((feature) => !feature.ok);
  if (missing?.problem !== undefined) {
    return new TsbuildError("exec/unsupported-system", missing.problem, missing.hint === undefined ? {} : { hint: missing.hint });
  }
  const what = failure ? failure.message : output.trim() || "it ended without a word";
  return new TsbuildError(failure?.code ?? "exec/worker-start", `Cannot start the worker for steps: ${what}`);
}

export function workerGone(how: string, output: string): TsbuildError {
  const tail = output.trim();
  return new TsbuildError("exec/worker-gone", `The worker that runs steps ended unexpectedly (${how})${tail === "" ? "" : `: ${tail}`}`, {
    hint: "When it was killed, the machine may be out of memory: see the kernel's log (dmesg)",
  });
}

const HINTS: Readonly<Record<string, string>> = {
  "exec/unknown-user": "Create the user in an earlier step (RUN useradd …), or give a numeric id",
  "exec/unknown-group": "Create the group in an earlier step (RUN groupadd …), or give a numeric id",
  "exec/user-database": "The file is of the image: see which step or base makes it so large",
  "exec/user-ids":
    "The user namespace does not have these ids: see what tsbuild doctor says of id-maps, or build with virtual owners (TSBUILD_OWNERSHIP=virtual)",
  "exec/ulimit": "Raise the limit of the session that runs tsbuild first",
  "exec/overlay":
    "The store must be on a local file system with extended attributes such as ext4, xfs or btrfs, not on an overlay: in a container, name a volume with TSBUILD_ROOT. tsbuild doctor tries the place",
  "exec/working-root": "The store must be on a file system that keeps extended attributes (user.*): name a directory with TSBUILD_ROOT",
  "exec/mount-point": "Mount points are made when they are missing; what exists must be of the same kind as what is mounted",
  "exec/owners": "The step's result cannot be kept without them: see whether the store's disk is full or failing, and build again",
  "exec/supervisor":
    "Virtual owners need it; with a range in /etc/subuid and /etc/subgid steps run without (tsbuild doctor says what this machine lacks)",
};

/** Returns the error for a failure of one sandbox that the native part reported. */
export function sandboxFailed(failure: HelperFailure): Error {
  if (failure.code === "exec/internal") return new Error(`internal: ${failure.message}`);
  const name = Object.entries(constants.errno).find(([, number]) => number === failure.errno)?.[0];
  const hint = HINTS[failure.code];
  return new TsbuildError(failure.code, failure.message, {
    ...(hint === undefined ? {} : { hint }),
    ...(name === undefined ? {} : { cause: Object.assign(new Error(name), { code: name, errno: -failure.errno }) }),
  });
}

/** Reports a step with `--security=insecure` in an isolation that cannot grant every right. */
export function insecureWithoutNamespaces(): TsbuildError {
  return new TsbuildError(
    "exec/isolation",
    "Cannot run a step with --security=insecure without namespaces: nothing would keep it from the machine",
    {
      hint: "Build where user namespaces work (tsbuild doctor), or with --isolation=namespaces to see what keeps them from working",
    },
  );
}

/** The kernel's limit for a path in a system call, without the NUL byte. */
const LONGEST_PATH = 4095;

/**
 * Returns the error for a path that a step made in pieces and that is too long as a whole. `upper`
 * is the directory of the step's files.
 */
export function pathTooLong(path: string, upper: string): TsbuildError {
  const shown = path.length > 120 ? `${path.slice(0, 120)}…` : path;
  const taken = Buffer.byteLength(upper) + 1;
  return new TsbuildError(
    "exec/path-too-long",
    `Cannot keep what the step made: the path "${shown}" has more than ${LONGEST_PATH - taken} bytes. The system takes ${LONGEST_PATH}, and ${taken} lead to the step's files in the store`,
    { hint: "Make or leave fewer directories inside each other; what the step made was removed" },
  );
}

/**
 * Returns the error for a sandbox that ended without a status line: something outside killed it.
 */
export function sandboxKilled(signal: string): TsbuildError {
  return new TsbuildError("exec/sandbox-killed", `The sandbox of the step was killed from outside (${signal})`, {
    hint: "The machine may be out of memory: see the kernel's log (dmesg)",
  });
}

/** Returns the error for a limit that the kernel does not take. */
export function limitRefused(file: string, value: string, cause: unknown): TsbuildError {
  const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new TsbuildError("exec/limit-refused", `Cannot limit the step: the kernel refused "${value}" for ${file} (${why})`, {
    hint: file.startsWith("cpuset") ? "Name processors and memory nodes that this machine has (lscpu)" : "Choose another limit",
    cause,
  });
}

/** Returns the error for limits that no group of the kernel holds, where nothing less will do. */
export function limitsOnlyWatched(controllers: readonly string[]): TsbuildError {
  if (controllers.includes("disk"))
    return new TsbuildError(
      "exec/limits",
      "Cannot hold a limit of disk: no group of the kernel has one, and --limits=strict takes no watchdog",
      {
        hint: "Give the store a disk of its own (TSBUILD_ROOT), or leave out --limits=strict",
      },
    );
  return new TsbuildError(
    "exec/limits",
    `Cannot hold limits of ${controllers.join(", ")}: this process may make no cgroup with ${controllers.length === 1 ? "it" : "them"}, and --limits=strict takes no watchdog`,
    { hint: "tsbuild doctor says how to have one; without --limits=strict a watchdog looks at the step from time to time" },
  );
}

/** A warning about steps whose /proc is that of the processes outside. */
export const OUTER_PROC_NOTICE = {
  severity: "warning",
  code: "exec/outer-proc",
  message: "Steps see the processes outside in /proc, because a fresh /proc cannot be mounted here: parts of this system's are hidden",
  hint: "Command lines of other processes can be read in steps; their memory, environment and files cannot. To have a fresh one, let the container show all of /proc: procMount: Unmasked (Kubernetes), --security-opt systempaths=unconfined (Docker), --security-opt unmask=ALL (Podman)",
} as const;

export function badIsolation(where: string, text: string, tiers: readonly string[]): UsageError {
  return new UsageError("exec/isolation", `Cannot use ${where} "${text}": it is none of auto, ${tiers.join(", ")}`);
}
