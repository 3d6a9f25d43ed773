/**
 * Operations of the graph. They describe a result, never how it is made. Kinds, fields and meaning
 * mirror BuildKit's LLB (`solver/pb/ops.proto`), so that a definition can be marshalled to that
 * wire later. All values are plain data with one canonical form.
 */
export type Op = SourceOp | ExecOp | FileOp | MergeOp | DiffOp;

/**
 * Brings a source into the graph. `identifier` is a URL-like name:
 * `docker-image://docker.io/library/alpine:3@sha256:…` (the frontend pins a known digest),
 * `local://NAME` (a named directory of the caller), `oci-layout://NAME@sha256:…`, `git://…`,
 * `https://…`.
 */
export interface SourceOp {
  readonly kind: "source";
  readonly identifier: string;
  /**
   * Attributes such as `local.excludepatterns` (JSON list of .dockerignore patterns),
   * `image.resolvemode` (`default|pull`), `oci.store`.
   */
  readonly attrs: Readonly<Record<string, string>>;
}

/** Stands for the address of the machine as a step reaches it, which depends on its network. */
export const HOST_GATEWAY = "host-gateway";

/** Runs a process. Output 0 is the root filesystem after it. */
export interface ExecOp {
  readonly kind: "exec";
  readonly args: readonly string[];
  /** Variables as `NAME=value` in order; a name occurs once. */
  readonly env: readonly string[];
  readonly cwd: string;
  /**
   * User as in USER: empty, `name`, `uid`, `name:group`, `uid:gid`. Looked up in the root
   * filesystem when the process starts.
   */
  readonly user: string;
  readonly network: "default" | "none" | "host";
  readonly security: "sandbox" | "insecure";
  readonly hostname?: string;
  /** Lines of /etc/hosts. The address {@link HOST_GATEWAY} is known when the process starts. */
  readonly extraHosts?: readonly { readonly host: string; readonly ip: string }[];
  /**
   * Mounts in the order in which they are mounted. Exactly one has `dest` `/`: the root filesystem.
   */
  readonly mounts: readonly Mount[];
  readonly secretEnv?: readonly { readonly id: string; readonly name: string; readonly optional: boolean }[];
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  /** Devices of the machine, by their names in CDI. An optional one need not be there. */
  readonly devices?: readonly { readonly name: string; readonly optional: boolean }[];
  /** Bytes of /dev/shm. */
  readonly shmSize?: number;
}

interface MountBase {
  /** Absolute, clean path in the root filesystem. */
  readonly dest: string;
  readonly readonly: boolean;
}

/** `input` is an index into the vertex's inputs, or -1 for an empty filesystem. */
export type Mount =
  | (MountBase & {
      readonly type: "bind";
      readonly input: number;
      /** Path inside the input that is mounted; `/` is the whole input. */
      readonly selector: string;
      /**
       * Name of the directory of the caller that `input` brings, where the step has that directory
       * itself, read-only, and no copy. It needs the caller's consent.
       */
      readonly host?: string;
    })
  | (MountBase & {
      readonly type: "cache";
      readonly input: number;
      readonly selector: string;
      readonly id: string;
      readonly sharing: "shared" | "private" | "locked";
      /** Owner of a new directory, as an id; `mode` holds its permission bits. */
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
    })
  | (MountBase & { readonly type: "tmpfs" /** Bytes; 0 is the kernel's default. */; readonly size: number })
  | (MountBase & {
      readonly type: "secret" | "ssh";
      readonly id: string;
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
      readonly optional: boolean;
    });

/**
 * A chain of file actions. Each works on an input or on the result of an earlier action. The last
 * action's result is output 0.
 */
export interface FileOp {
  readonly kind: "file";
  readonly actions: readonly FileAction[];
}

/** Owner of new files. Names are looked up in the root filesystem that the action works on. */
export interface Owner {
  readonly user?: string | number;
  readonly group?: string | number;
}

interface FileActionBase {
  /**
   * Filesystem that the action changes: 0…n-1 is an input of the vertex, n+i the result of action
   * i, -1 an empty filesystem.
   */
  readonly input: number;
}

export type FileAction = CopyAction | MkfileAction | MkdirAction | RemoveAction | SymlinkAction;

export interface CopyAction extends FileActionBase {
  readonly action: "copy";
  /** Filesystem that the files come from, numbered as `input`. */
  readonly secondaryInput: number;
  /** Absolute path, or pattern, inside the secondary input. */
  readonly src: string;
  /** Absolute path. A trailing slash means a directory. */
  readonly dest: string;
  readonly owner?: Owner;
  /** Octal bits, or chmod(1)'s symbolic form as text (`u=rwX,go=rX`). */
  readonly mode?: number | string;
  /** True follows `src` itself when it is a symlink. */
  readonly followSymlinks: boolean;
  /** True copies the entries of `src`, when it is a directory, instead of the directory. */
  readonly dirCopyContents: boolean;
  /** True unpacks `src` when it is a tar archive (recognised by content). */
  readonly attemptUnpack: boolean;
  readonly createDestPath: boolean;
  readonly allowWildcard: boolean;
  readonly allowEmptyWildcard: boolean;
  readonly includePatterns?: readonly string[];
  readonly excludePatterns?: readonly string[];
  /** Prefix from which on the source's parent directories are kept (COPY --parents). */
  readonly parentsPivot?: string;
}

export interface MkfileAction extends FileActionBase {
  readonly action: "mkfile";
  readonly path: string;
  readonly mode: number | string;
  /** Content in base64. */
  readonly data: string;
  readonly owner?: Owner;
}

export interface MkdirAction extends FileActionBase {
  readonly action: "mkdir";
  readonly path: string;
  readonly mode: number;
  readonly makeParents: boolean;
  readonly owner?: Owner;
}

export interface RemoveAction extends FileActionBase {
  readonly action: "rm";
  readonly path: string;
  readonly allowNotFound: boolean;
  readonly allowWildcard: boolean;
}

export interface SymlinkAction extends FileActionBase {
  readonly action: "symlink";
  readonly oldPath: string;
  readonly newPath: string;
  readonly owner?: Owner;
}

/** Stacks the layers of all inputs, later over earlier. */
interface MergeOp {
  readonly kind: "merge";
}

/** Selects the layers that input 1 has above input 0. */
interface DiffOp {
  readonly kind: "diff";
}
