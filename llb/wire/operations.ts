import { choice } from "./fields.js";
import { bool, bytes, int32, int32s, int64, int64s, many, message, messages, one, string, strings, texts, uint32 } from "./message.js";

/**
 * The messages of operations, with BuildKit's names and numbers (`pb.Op`). Documentation of the
 * fields' meaning is `../ops.ts`.
 */

const PLATFORM = message("Platform", {
  Architecture: string(1),
  OS: string(2),
  Variant: string(3),
  OSVersion: string(4),
  OSFeatures: strings(5),
});

const INPUT = message("Input", { digest: string(1), index: int64(2) });

const PROXY_ENV = message("ProxyEnv", {
  http_proxy: string(1),
  https_proxy: string(2),
  ftp_proxy: string(3),
  no_proxy: string(4),
  all_proxy: string(5),
});

const META = message("Meta", {
  args: strings(1),
  env: strings(2),
  cwd: string(3),
  user: string(4),
  proxy_env: one(5, PROXY_ENV),
  extraHosts: many(6, message("HostIP", { Host: string(1), IP: string(2) })),
  hostname: string(7),
  ulimit: many(9, message("Ulimit", { Name: string(1), Soft: int64(2), Hard: int64(3) })),
  cgroupParent: string(10),
  removeMountStubsRecursive: bool(11),
  validExitCodes: int32s(12),
});

/** Secrets and agents of SSH have the same members. */
const consumed = (name: string) => message(name, { ID: string(1), uid: uint32(2), gid: uint32(3), mode: uint32(4), optional: bool(5) });

export const MOUNT = message("Mount", {
  input: int64(1),
  selector: string(2),
  dest: string(3),
  output: int64(4),
  readonly: bool(5),
  mountType: int32(6),
  TmpfsOpt: one(19, message("TmpfsOpt", { size: int64(1) })),
  cacheOpt: one(20, message("CacheOpt", { ID: string(1), sharing: int32(2) })),
  secretOpt: one(21, consumed("SecretOpt")),
  SSHOpt: one(22, consumed("SSHOpt")),
  resultID: string(23),
  contentCache: int32(24),
});

export const EXEC = message("ExecOp", {
  meta: one(1, META),
  mounts: many(2, MOUNT),
  network: int32(3),
  security: int32(4),
  secretenv: many(5, message("SecretEnv", { ID: string(1), name: string(2), optional: bool(3) })),
  cdiDevices: many(6, message("CDIDevice", { name: string(1), optional: bool(2) })),
});

export const SOURCE = message("SourceOp", { identifier: string(1), attrs: texts(2) });

const USER = message("UserOpt", {
  byName: choice(one(1, message("NamedUserOpt", { name: string(1), input: int64(2) }))),
  byID: choice(uint32(2)),
});

export const OWNER = message("ChownOpt", { user: one(1, USER), group: one(2, USER) });

export const ACTION = message("FileAction", {
  input: int64(1),
  secondaryInput: int64(2),
  output: int64(3),
  copy: choice(
    one(
      4,
      message("FileActionCopy", {
        src: string(1),
        dest: string(2),
        owner: one(3, OWNER),
        mode: int32(4),
        followSymlink: bool(5),
        dirCopyContents: bool(6),
        attemptUnpackDockerCompatibility: bool(7),
        createDestPath: bool(8),
        allowWildcard: bool(9),
        allowEmptyWildcard: bool(10),
        timestamp: int64(11),
        include_patterns: strings(12),
        exclude_patterns: strings(13),
        alwaysReplaceExistingDestPaths: bool(14),
        modeStr: string(15),
        required_paths: strings(16),
      }),
    ),
  ),
  mkfile: choice(
    one(5, message("FileActionMkFile", { path: string(1), mode: int32(2), data: bytes(3), owner: one(4, OWNER), timestamp: int64(5) })),
  ),
  mkdir: choice(
    one(
      6,
      message("FileActionMkDir", { path: string(1), mode: int32(2), makeParents: bool(3), owner: one(4, OWNER), timestamp: int64(5) }),
    ),
  ),
  rm: choice(one(7, message("FileActionRm", { path: string(1), allowNotFound: bool(2), allowWildcard: bool(3) }))),
  symlink: choice(
    one(8, message("FileActionSymlink", { oldpath: string(1), newpath: string(2), owner: one(3, OWNER), timestamp: int64(4) })),
  ),
});

export const FILE = message("FileOp", { actions: many(2, ACTION) });

/** An operation with its inputs. Its digest is that of its bytes. */
export const OP = message("Op", {
  inputs: many(1, INPUT),
  platform: one(10, PLATFORM),
  constraints: one(11, message("WorkerConstraints", { filter: strings(1) })),
  exec: choice(one(2, EXEC)),
  source: choice(one(3, SOURCE)),
  file: choice(one(4, FILE)),
  // A definition inside stays bytes: no definition that we solve has one.
  build: choice(
    one(
      5,
      message("BuildOp", {
        builder: int64(1),
        inputs: messages(2, message("BuildInput", { input: int64(1) })),
        def: bytes(3),
        attrs: texts(4),
      }),
    ),
  ),
  merge: choice(one(6, message("MergeOp", { inputs: many(1, message("MergeInput", { input: int64(1) })) }))),
  diff: choice(
    one(
      7,
      message("DiffOp", {
        lower: one(1, message("LowerDiffInput", { input: int64(1) })),
        upper: one(2, message("UpperDiffInput", { input: int64(1) })),
      }),
    ),
  ),
  passthrough: choice(one(8, message("PassthroughOp", { id: string(1), outputs: int64s(2) }))),
});
