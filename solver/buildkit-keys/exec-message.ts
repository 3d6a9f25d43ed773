import type { ExecOp } from "../../llb/ops.js";
import { commandMessage } from "../../llb/wire/write/command-message.js";
import type { MountMessage } from "../../llb/wire/write/mount-message.js";
import { omitEmptyWithin } from "./go-json.js";

/** Returns BuildKit's message of RUN in the JSON form of its Go type. */
export function execMessage(op: ExecOp, mounts: readonly MountMessage[]): Readonly<Record<string, unknown>> {
  return omitEmptyWithin(commandMessage(op, mounts));
}
