import { compareCodeUnits } from "../../../core/canonical.js";
import { unreachable } from "../../../core/errors.js";
import type { ExecOp, Mount } from "../../ops.js";
import type { ValueOf } from "../message.js";
import { CACHE_SHARING, DEFAULT_AGENT, MOUNT_TYPE } from "../numbers.js";
import type { MOUNT } from "../operations.js";
import { NONE } from "./inputs.js";

export type MountMessage = ValueOf<typeof MOUNT>;

export type CacheMount = Mount & { readonly type: "cache" };

/** The directory of a heredoc's script. BuildKit's frontend writes it with a slash at the end. */
const SCRIPTS = "/dev/pipes";

/**
 * Returns the mounts in BuildKit's order: by path, then secrets, then agents. The size of /dev/shm
 * is a mount there.
 */
export function execMounts(op: ExecOp): readonly Mount[] {
  const shm: Mount[] = op.shmSize ? [{ type: "tmpfs", dest: "/dev/shm", readonly: false, size: op.shmSize }] : [];
  const rank = ({ type }: Mount): number => (type === "ssh" ? 2 : type === "secret" ? 1 : 0);
  return [...op.mounts, ...shm].sort((a, b) => rank(a) - rank(b) || (rank(a) === 0 ? compareCodeUnits(a.dest, b.dest) : 0));
}

/**
 * Returns the message of a mount, as BuildKit's client makes it. `input` is the number of the
 * mount's input. Keys, provenance and definitions have this message.
 */
export function mountMessage(mount: Mount, input: number): MountMessage {
  const { dest, readonly: isReadonly } = mount;
  switch (mount.type) {
    case "bind":
      return {
        input,
        ...(dest === SCRIPTS ? { selector: "/", dest: `${SCRIPTS}/` } : { ...selected(mount.selector), dest }),
        output: dest === "/" && !isReadonly ? 0 : NONE,
        readonly: isReadonly,
      };
    case "cache":
      return {
        input,
        ...selected(mount.selector),
        dest,
        output: NONE,
        readonly: isReadonly,
        mountType: MOUNT_TYPE.cache,
        cacheOpt: { ID: isInNamespace(mount) ? mount.id : `/${mount.id}`, sharing: CACHE_SHARING[mount.sharing] },
      };
    case "tmpfs":
      return { input, dest, output: NONE, readonly: isReadonly, mountType: MOUNT_TYPE.tmpfs, TmpfsOpt: { size: mount.size } };
    case "secret":
      return { input, dest, mountType: MOUNT_TYPE.secret, secretOpt: consumed(mount) };
    case "ssh":
      return { input, dest, mountType: MOUNT_TYPE.ssh, SSHOpt: consumed({ ...mount, id: mount.id === DEFAULT_AGENT ? "" : mount.id }) };
    default:
      return unreachable(mount);
  }
}

/** Returns true for a cache mount whose name is its path, the default. */
export function hasDefaultName(mount: CacheMount): boolean {
  return mount.id === mount.dest || isInNamespace(mount);
}

/**
 * Returns true for the default name behind a namespace (`BUILDKIT_CACHE_MOUNT_NS`). BuildKit puts
 * the namespace, which is mostly empty, and a slash before every name.
 */
function isInNamespace({ id, dest }: CacheMount): boolean {
  return !id.startsWith("/") && id.slice(id.indexOf("/") + 1) === dest;
}

function selected(selector: string): { readonly selector?: string } {
  return selector === "/" ? {} : { selector };
}

function consumed({ id, uid, gid, mode, optional }: Mount & { readonly type: "secret" | "ssh" }): NonNullable<MountMessage["secretOpt"]> {
  return { ID: id, uid, gid, mode, optional };
}
