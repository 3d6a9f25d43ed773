import { compareCodeUnits } from "../../../core/canonical.js";
import { unreachable } from "../../../core/errors.js";
import { type ExecOp, HOST_GATEWAY, type Mount } from "../../ops.js";
import { cannotWrite } from "../errors.js";
import type { ValueOf } from "../message.js";
import type { EXEC, MOUNT } from "../operations.js";
import { CACHE_SHARING, DEFAULT_AGENT, MOUNT_TYPE, NETWORK, PLAIN_CACHE, PREPARED_CACHE, SECURITY } from "../numbers.js";
import { NONE, type WrittenInput, WrittenInputs } from "./inputs.js";

type ExecMessage = ValueOf<typeof EXEC>;
type MountMessage = ValueOf<typeof MOUNT>;

/** The directory of a heredoc's script. BuildKit's frontend writes it with a slash at the end. */
const SCRIPTS = "/dev/pipes";

interface ExecContext {
  readonly inputs: readonly WrittenInput[];
  readonly step: string;
  /** Writes an operation that makes a directory in an empty filesystem. */
  readonly directory: (path: string, owner: { readonly uid: number; readonly gid: number; readonly mode: number }) => WrittenInput;
}

/** Returns the message of a RUN, and its inputs in the order in which BuildKit numbers them. */
export function execMessage(op: ExecOp, context: ExecContext): { readonly exec: ExecMessage; readonly inputs: readonly WrittenInput[] } {
  const inputs = new WrittenInputs();
  const mounts = inOrder(op).map((mount) => mountMessage(mount, inputs, context));
  const exec: ExecMessage = {
    meta: {
      args: op.args,
      env: op.env,
      cwd: op.cwd,
      user: op.user,
      ...(op.extraHosts && { extraHosts: op.extraHosts.map(({ host, ip }) => ({ Host: host, IP: address(host, ip, context) })) }),
      ...(op.hostname !== undefined && { hostname: op.hostname }),
      ...(op.ulimits && { ulimit: op.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })) }),
      removeMountStubsRecursive: true,
    },
    mounts,
    network: NETWORK[op.network],
    security: SECURITY[op.security],
    ...(op.secretEnv && { secretenv: op.secretEnv.map(({ id, name, optional }) => ({ ID: id, name, optional })) }),
  };
  return { exec, inputs: inputs.list };
}

function address(host: string, ip: string, { step }: ExecContext): string {
  if (ip !== HOST_GATEWAY) return ip;
  throw cannotWrite(step, `the address of "${host}" is ${HOST_GATEWAY}, which another machine does not know`, "Give --add-host an address");
}

/**
 * Returns the mounts in BuildKit's order: by path, then secrets, then agents. The size of /dev/shm
 * is a mount there.
 */
function inOrder(op: ExecOp): readonly Mount[] {
  const shm: Mount[] = op.shmSize ? [{ type: "tmpfs", dest: "/dev/shm", readonly: false, size: op.shmSize }] : [];
  const rank = ({ type }: Mount): number => (type === "ssh" ? 2 : type === "secret" ? 1 : 0);
  return [...op.mounts, ...shm].sort((a, b) => rank(a) - rank(b) || (rank(a) === 0 ? compareCodeUnits(a.dest, b.dest) : 0));
}

function mountMessage(mount: Mount, inputs: WrittenInputs, context: ExecContext): MountMessage {
  const { dest, readonly: isReadonly } = mount;
  switch (mount.type) {
    case "bind":
      return {
        input: inputs.add(context.inputs[mount.input]),
        ...(dest === SCRIPTS ? { selector: "/", dest: `${SCRIPTS}/` } : { ...selected(mount.selector), dest }),
        output: dest === "/" && !isReadonly ? 0 : NONE,
        readonly: isReadonly,
      };
    case "cache": {
      const from = cacheSource(mount, context);
      return {
        input: inputs.add(from.input),
        ...selected(from.selector),
        dest,
        output: NONE,
        readonly: isReadonly,
        mountType: MOUNT_TYPE.cache,
        // BuildKit puts a namespace before the name, which is empty here.
        cacheOpt: { ID: `/${mount.id}`, sharing: CACHE_SHARING[mount.sharing] },
      };
    }
    case "tmpfs":
      return { input: NONE, dest, output: NONE, readonly: isReadonly, mountType: MOUNT_TYPE.tmpfs, TmpfsOpt: { size: mount.size } };
    case "secret":
      return { input: NONE, dest, mountType: MOUNT_TYPE.secret, secretOpt: consumed(mount) };
    case "ssh":
      return {
        input: NONE,
        dest,
        mountType: MOUNT_TYPE.ssh,
        SSHOpt: consumed({ ...mount, id: mount.id === DEFAULT_AGENT ? "" : mount.id }),
      };
    default:
      return unreachable(mount);
  }
}

/**
 * Returns the content that a cache mount begins with: a directory of its own where it has an owner
 * or a mode.
 */
function cacheSource(
  mount: Mount & { readonly type: "cache" },
  { inputs, directory }: ExecContext,
): { readonly input: WrittenInput | undefined; readonly selector: string } {
  const { uid, gid, mode, input, selector } = mount;
  const isPlain = uid === PLAIN_CACHE.uid && gid === PLAIN_CACHE.gid && mode === PLAIN_CACHE.mode;
  if (input >= 0 || isPlain) return { input: inputs[input], selector };
  return { input: directory(PREPARED_CACHE, { uid, gid, mode }), selector: PREPARED_CACHE };
}

function selected(selector: string): { readonly selector?: string } {
  return selector === "/" ? {} : { selector };
}

function consumed({ id, uid, gid, mode, optional }: Mount & { readonly type: "secret" | "ssh" }): NonNullable<MountMessage["secretOpt"]> {
  return { ID: id, uid, gid, mode, optional };
}
