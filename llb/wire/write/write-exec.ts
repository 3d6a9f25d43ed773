import { type ExecOp, HOST_GATEWAY, type Mount } from "../../ops.js";
import { cannotWrite } from "../errors.js";
import type { ValueOf } from "../message.js";
import type { EXEC } from "../operations.js";
import { PLAIN_CACHE, PREPARED_CACHE } from "../numbers.js";
import { commandMessage } from "./command-message.js";
import { NONE, type WrittenInput, WrittenInputs } from "./inputs.js";
import { type CacheMount, execMounts, type MountMessage, mountMessage } from "./mount-message.js";

type ExecMessage = ValueOf<typeof EXEC>;

interface ExecContext {
  readonly inputs: readonly WrittenInput[];
  readonly step: string;
  /** Writes an operation that makes a directory in an empty filesystem. */
  readonly directory: (path: string, owner: { readonly uid: number; readonly gid: number; readonly mode: number }) => WrittenInput;
}

/** Returns the message of a RUN, and its inputs in the order in which BuildKit numbers them. */
export function execMessage(op: ExecOp, context: ExecContext): { readonly exec: ExecMessage; readonly inputs: readonly WrittenInput[] } {
  const inputs = new WrittenInputs();
  const mounts = execMounts(op).map((mount) => writtenMount(mount, inputs, context));
  const exec: ExecMessage = {
    ...commandMessage(op, mounts, (host, ip) => address(host, ip, context)),
    ...(op.devices && { cdiDevices: op.devices }),
  };
  return { exec, inputs: inputs.list };
}

function address(host: string, ip: string, { step }: ExecContext): string {
  if (ip !== HOST_GATEWAY) return ip;
  throw cannotWrite(step, `the address of "${host}" is ${HOST_GATEWAY}, which another machine does not know`, "Give --add-host an address");
}

function writtenMount(mount: Mount, inputs: WrittenInputs, context: ExecContext): MountMessage {
  if (mount.type === "bind") return mountMessage(mount, inputs.add(context.inputs[mount.input]));
  if (mount.type !== "cache") return mountMessage(mount, NONE);
  const { input, selector } = cacheSource(mount, context);
  return mountMessage({ ...mount, selector }, inputs.add(input));
}

/**
 * Returns the content that a cache mount begins with: a directory of its own where it has an owner
 * or a mode.
 */
function cacheSource(
  mount: CacheMount,
  { inputs, directory }: ExecContext,
): { readonly input: WrittenInput | undefined; readonly selector: string } {
  const { uid, gid, mode, input, selector } = mount;
  const isPlain = uid === PLAIN_CACHE.uid && gid === PLAIN_CACHE.gid && mode === PLAIN_CACHE.mode;
  if (input >= 0 || isPlain) return { input: inputs[input], selector };
  return { input: directory(PREPARED_CACHE, { uid, gid, mode }), selector: PREPARED_CACHE };
}
