import { unreachable } from "../../core/errors.js";
import type { ExecOp, Mount } from "../../llb/ops.js";
import { omitEmpty } from "./go-json.js";

const NETWORKS = { default: 0, host: 1, none: 2 } as const;
const SECURITY = { sandbox: 0, insecure: 1 } as const;
const SHARING = { shared: 0, private: 1, locked: 2 } as const;
const MOUNTS = { secret: 1, ssh: 2, cache: 3, tmpfs: 4 } as const;

/** Number of a mount's missing output or input. */
export const NONE = -1;

type Message = Readonly<Record<string, unknown>>;

/**
 * Returns BuildKit's message of RUN in the JSON form of its Go type. `mounts` are the messages of
 * {@link execMounts}.
 */
export function execMessage(op: ExecOp, mounts: readonly Message[]): Message {
  return omitEmpty({
    meta: omitEmpty({
      args: op.args,
      env: op.env,
      cwd: op.cwd,
      user: op.user,
      extraHosts: (op.extraHosts ?? []).map(({ host, ip }) => omitEmpty({ Host: host, IP: ip })),
      hostname: op.hostname,
      ulimit: (op.ulimits ?? []).map(({ name, soft, hard }) => omitEmpty({ Name: name, Soft: soft, Hard: hard })),
      removeMountStubsRecursive: true,
    }),
    mounts,
    network: NETWORKS[op.network],
    security: SECURITY[op.security],
    secretenv: (op.secretEnv ?? []).map(({ id, name, optional }) => omitEmpty({ ID: id, name, optional })),
  });
}

/**
 * Returns the mounts in BuildKit's order: by path, then secrets, then agents. The size of /dev/shm
 * is a mount.
 */
export function execMounts(op: ExecOp): readonly Mount[] {
  const shm: Mount[] = op.shmSize ? [{ type: "tmpfs", dest: "/dev/shm", readonly: false, size: op.shmSize }] : [];
  const rank = ({ type }: Mount): number => (type === "ssh" ? 2 : type === "secret" ? 1 : 0);
  const files = [...op.mounts, ...shm];
  return files.sort((a, b) => rank(a) - rank(b) || (rank(a) === 0 ? (a.dest < b.dest ? -1 : 1) : 0));
}

/** Returns BuildKit's message of a mount. `input` is the number of the mount's input, or none. */
export function mountMessage(mount: Mount, input = "input" in mount ? mount.input : NONE): Message {
  const { dest, readonly: isReadonly } = mount;
  switch (mount.type) {
    case "bind": {
      // A script of a heredoc is mounted below a directory that BuildKit writes with a slash.
      const target = dest === "/dev/pipes" ? "/dev/pipes/" : dest;
      const output = dest === "/" && !isReadonly ? 0 : NONE;
      return omitEmpty({ input, selector: selectorOf(mount), dest: target, output, readonly: isReadonly });
    }
    case "cache": {
      const common = { input, selector: selectorOf(mount), dest, output: NONE, readonly: isReadonly, mountType: MOUNTS.cache };
      return {
        ...omitEmpty(common),
        cacheOpt: omitEmpty({ ID: isInNamespace(mount) ? mount.id : `/${mount.id}`, sharing: SHARING[mount.sharing] }),
      };
    }
    case "tmpfs":
      return {
        ...omitEmpty({ input, dest, output: NONE, readonly: isReadonly, mountType: MOUNTS.tmpfs }),
        TmpfsOpt: omitEmpty({ size: mount.size }),
      };
    case "secret":
    case "ssh": {
      const { id, uid, gid, mode, optional } = mount;
      // The default agent has no name there.
      const name = mount.type === "ssh" && id === "default" ? "" : id;
      const file = omitEmpty({ ID: name, uid, gid, mode, optional });
      const member = mount.type === "secret" ? "secretOpt" : "SSHOpt";
      return { ...omitEmpty({ input, dest, mountType: MOUNTS[mount.type] }), [member]: file };
    }
    default:
      return unreachable(mount);
  }
}

type CacheMount = Mount & { readonly type: "cache" };

/** Returns true for a cache mount whose name is its path, the default. */
export function hasDefaultName(mount: CacheMount): boolean {
  return mount.id === mount.dest || isInNamespace(mount);
}

/** Returns true for the default name behind a namespace (`BUILDKIT_CACHE_MOUNT_NS`). */
function isInNamespace({ id, dest }: CacheMount): boolean {
  return !id.startsWith("/") && id.slice(id.indexOf("/") + 1) === dest;
}

function selectorOf({ selector }: Mount & { readonly type: "bind" | "cache" }): string {
  return selector === "/" ? "" : selector;
}
