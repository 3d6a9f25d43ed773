import type { Readable } from "node:stream";
import type { StepUsage } from "../core/events.js";
import type { LimitRequest, Overrun } from "./limits/limits.js";
import type { Tier } from "./tier.js";

/**
 * The contract of the sandbox: one RUN step as plain data. Paths on the host are absolute. Nothing
 * here decides policy (caching, the environment): that is the solver's exec op.
 */
export interface SandboxSpec {
  readonly rootfs: SandboxRootfs;
  /**
   * Mounts in order, after the root and the standard mounts (/proc, /dev, /sys, hosts,
   * resolv.conf).
   */
  readonly mounts: readonly SandboxMount[];
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** Absolute working directory; made (0755, root) when missing. */
  readonly cwd: string;
  /**
   * User as in USER. Names and supplementary groups are looked up in the root filesystem's
   * /etc/passwd and /etc/group.
   */
  readonly user: string;
  /** Groups that the user is in besides its own. */
  readonly groups?: readonly number[];
  readonly hostname: string;
  /**
   * `host` shares the host's network; `none` has loopback only; `private` is the network that the
   * worker's task `network` has started, which all its steps share; `proxy` has a loopback with a
   * port that leads to `proxy`.
   */
  readonly network: "host" | "none" | "private" | "proxy";
  readonly proxy?: ProxyPlace;
  readonly security: "sandbox" | "insecure";
  /** Platform of its programs, such as `linux/arm64`. Default: the machine's own. */
  readonly platform?: string;
  /** Emulator of its programs, where a loader of ours starts them. The worker chooses it. */
  readonly emulator?: StepEmulator;
  /**
   * Text that is mounted read-only over /etc/hosts (`hosts`) or /etc/resolv.conf (`resolvConf`).
   * The layer shows no trace of it.
   */
  readonly hosts: string;
  readonly resolvConf: string;
  /** Limits of the step; none when they are not there. */
  readonly limits?: LimitRequest;
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  /** Size of /dev/shm in bytes. Default 64 MiB. */
  readonly shmSize?: number;
  /** True refuses changes of the root file system. Needs namespaces. */
  readonly readonlyRoot?: boolean;
  /** True writes the changes of a failed command too, where its root is a copy of its layers. */
  readonly keepFailed?: boolean;
  /** Words of a health check, which the caller of an interactive command orders. */
  readonly check?: readonly string[];
  /** True for a command that somebody talks to, by {@link RunIo.input} and `onStart`. */
  readonly interactive?: boolean;
  /** Terminal of an interactive command, in its first size. Its output is all `stdout`. */
  readonly terminal?: TerminalSize;
}

/** Place of the proxy of a step. */
export interface ProxyPlace {
  /** Directory with its socket, and the name of that. */
  readonly directory: string;
  readonly socket: string;
  /** Port of the step's loopback that leads to it. */
  readonly port: number;
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** Orders to a command that runs. They do nothing after its end. */
export interface RunningCommand {
  /** Sends a signal, such as `SIGINT`, to the command. */
  kill(signal: NodeJS.Signals): void;
  resize(size: TerminalSize): void;
  /**
   * Runs the health check beside the command, with its user, variables and directory. An abort
   * kills the check, and rejects. Resolves with undefined when the command ends before. One check
   * runs at a time.
   */
  check(signal: AbortSignal): Promise<HealthResult | undefined>;
}

/** End of a health check. */
export interface HealthResult {
  /** Exit code; 128 and the number for a signal. */
  readonly code: number;
  /** Last bytes of its output. */
  readonly output: string;
}

/** A static program of the machine that runs programs of another processor. */
export interface StepEmulator {
  /** Processor of the programs, as `e_machine` of their headers. */
  readonly machine: number;
  readonly path: string;
}

/**
 * An overlay of unpacked layers. `upper` receives the changes in overlayfs form (user.overlay.*
 * xattrs, 0:0 char device whiteouts).
 */
interface SandboxRootfs {
  /**
   * Lower directories, bottom first; none for scratch. Hundreds are allowed. With virtual owners,
   * the files of owners beside them are read (core/system/owners-file.ts), and one is written
   * beside `upper`.
   */
  readonly lowers: readonly string[];
  readonly upper: string;
  /** Empty directory on the same filesystem as `upper`. The worker removes it afterwards. */
  readonly work: string;
}

export type SandboxMount =
  | {
      readonly type: "bind";
      readonly source: string;
      readonly dest: string;
      readonly readonly: boolean;
    }
  /**
   * A part of a directory of the machine, read-only, without devices and set-id programs. Links of
   * `selector` stay inside the directory. A tier without mounts gives a copy.
   */
  | { readonly type: "host"; readonly directory: string; readonly selector: string; readonly dest: string }
  /** A device of the machine, whose node the step cannot change. */
  | { readonly type: "device"; readonly source: string; readonly dest: string }
  /**
   * A stack of layers, read-only or with discarded changes. `selector` is the path inside it that
   * is mounted (symlinks resolved inside).
   */
  | {
      readonly type: "overlay";
      readonly lowers: readonly string[];
      readonly selector: string;
      readonly dest: string;
      readonly readonly: boolean;
    }
  | { readonly type: "tmpfs"; readonly dest: string /** Bytes, 0 for the default. */; readonly size: number; readonly readonly: boolean }
  /** A file with this content (base64) that exists only during the step: secrets. */
  | {
      readonly type: "file";
      readonly dest: string;
      readonly data: string;
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
    };

export type SandboxExit = ({ readonly code: number } | { readonly signal: string }) & {
  /** True when `keepFailed` wrote the changes of a failed command into `upper`. */
  readonly kept?: true;
};

/** Resources of a step, and the limit that it was ended by. */
export interface StepReport {
  readonly usage?: StepUsage;
  readonly overrun?: Overrun;
}

export interface RunIo {
  /**
   * Called with output as it arrives. While a promise that it returned is not resolved, the command
   * blocks when its pipe is full.
   */
  readonly onOutput: (stream: "stdout" | "stderr", data: Uint8Array) => void | Promise<void>;
  /** Called once before the promise is resolved or rejected, when the step has run. */
  readonly onReport?: (report: StepReport) => void;
  /**
   * Signal that kills every process of the sandbox. The promise then rejects with CanceledError,
   * once they are gone.
   */
  readonly signal?: AbortSignal;
  /** Standard input of an interactive command. Default: empty. */
  readonly input?: Readable;
  /** Called when an interactive command is being started. */
  readonly onStart?: (command: RunningCommand) => void;
}

/**
 * Process of ours inside the user namespace. Its owner starts it on first use; a build or host
 * process has one. When the main process dies, however it dies, the worker and every sandbox die
 * too.
 */
export interface Worker {
  /** True when steps see the processes outside in /proc: the kernel refuses a fresh one here. */
  readonly outerProc: boolean;
  /** Isolation of its steps from the machine. */
  readonly tier: Tier;
  /** True when the root of a step is a copy of its layers, as no overlay can be mounted here. */
  readonly copiesRoots: boolean;
  /**
   * Runs one process in its own sandbox. Resolves with its exit once every process of the sandbox
   * is gone and nothing is mounted any more. Mount points that the root lacks leave no trace in
   * `upper`. Rejects with a TsbuildError (`exec/…` codes) that names the failure when the sandbox
   * cannot be set up, or when the user or a mount source does not exist. A missing command exits
   * with 127, one that cannot be executed with 126, as in Docker, with a line on stderr.
   */
  run(spec: SandboxSpec, io: RunIo): Promise<SandboxExit>;
  /**
   * Runs a named task (see the composing entry, api/session/worker-entry.ts) in the user namespace,
   * on a thread when `thread` is set there. Params and result are structured-clone data. Errors
   * keep their code.
   */
  task<R>(
    name: string,
    params: unknown,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (value: unknown) => void },
  ): Promise<R>;
  /** Removes trees owned by mapped ids, whatever their modes. Missing paths are no error. */
  remove(paths: readonly string[]): Promise<void>;
  /** Ends the worker and kills running sandboxes. Idempotent. */
  close(): Promise<void>;
}

export interface WorkerOptions {
  /** Default: `namespaces`. */
  readonly tier?: Tier;
  /** True where no overlay can be mounted for the root of a step. The tier `chroot` has none. */
  readonly copiesRoots?: boolean;
  /** JavaScript file that composes and serves the tasks. */
  readonly entry: string;
  /**
   * Working directory of the worker, made when missing, on the store's filesystem. When the worker
   * does not start, the probe tries this directory.
   */
  readonly stateDirectory: string;
}
