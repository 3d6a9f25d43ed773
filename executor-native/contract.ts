/**
 * The contract of the sandbox: what one RUN step needs, as plain data. Paths on the host are absolute. Nothing here decides policy
 * (what is cached, which env is set): that is the solver's exec op.
 */
export interface SandboxSpec {
  readonly rootfs: SandboxRootfs;
  /** Mounted in order after the root and the standard mounts (/proc, /dev, /sys, hosts, resolv.conf). */
  readonly mounts: readonly SandboxMount[];
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** Absolute; made (0755, root) when missing. */
  readonly cwd: string;
  /** As in USER; names and supplementary groups are looked up in the root filesystem's /etc/passwd and /etc/group. */
  readonly user: string;
  readonly hostname: string;
  /** `host` shares the host's network; `none` has loopback only. */
  readonly network: "host" | "none";
  readonly security: "sandbox" | "insecure";
  /** Whole texts; mounted read-only over /etc/hosts and /etc/resolv.conf without leaving a trace in the layer. */
  readonly hosts: string;
  readonly resolvConf: string;
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  /** Bytes; default 64 MiB. */
  readonly shmSize?: number;
}

/** An overlay of unpacked layers. `upper` receives the changes in overlayfs form (user.overlay.* xattrs, 0:0 char device whiteouts). */
export interface SandboxRootfs {
  /**
   * Lower directories, bottom first; may be empty (scratch). Hundreds are allowed. Where owners are virtual, what lies beside them counts (core/system/owners-file.ts),
   * and the same is written beside `upper`.
   */
  readonly lowers: readonly string[];
  readonly upper: string;
  /** Empty directory on the same filesystem as `upper`; removed by the worker afterwards. */
  readonly work: string;
}

export type SandboxMount =
  | {
      readonly type: "bind";
      readonly source: string;
      readonly dest: string;
      readonly readonly: boolean;
    }
  /** A stack of layers, read-only or with changes thrown away; `selector` is the path inside it that is mounted (symlinks resolved inside). */
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

export type SandboxExit = { readonly code: number } | { readonly signal: string };

export interface RunIo {
  /** Called with output as it arrives. */
  readonly onOutput: (stream: "stdout" | "stderr", data: Uint8Array) => void;
  /** Abort kills every process of the sandbox and waits until they are gone; the promise then rejects with CanceledError. */
  readonly signal?: AbortSignal;
}

/**
 * Our process inside the user namespace. Started on first use by whoever holds it; one per build or host process.
 * When the main process dies, however it dies, the worker and every sandbox die too.
 */
export interface Worker {
  /**
   * Runs one process in its own sandbox. Resolves with how it ended once every process of the sandbox is gone and nothing is mounted
   * any more. Mount points that the root lacks leave no trace in `upper`. Rejects with a TsbuildError
   * (`exec/…` codes) that names what failed when the sandbox could not be set up, or the user or a mount source does not exist. A command that is not
   * there or cannot be executed is an exit with 127 or 126, as in Docker, with a line on stderr.
   */
  run(spec: SandboxSpec, io: RunIo): Promise<SandboxExit>;
  /**
   * Runs a named task (see the composing entry, api/session/worker-entry.ts) in the user namespace, on a thread when `thread` is set there.
   * Params and result are structured-clone data. Errors keep their code.
   */
  task<R>(
    name: string,
    params: unknown,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (value: unknown) => void },
  ): Promise<R>;
  /** Removes trees owned by mapped ids, whatever their modes. Missing paths are no error. */
  remove(paths: readonly string[]): Promise<void>;
  /** Ends the worker. Running sandboxes are killed. Idempotent. */
  close(): Promise<void>;
}

export interface WorkerOptions {
  /** The JavaScript file that composes and serves the tasks. */
  readonly entry: string;
  /** Where the worker runs; made when missing. On the store's filesystem: when the worker does not start, it is probed what works there. */
  readonly stateDirectory: string;
}
