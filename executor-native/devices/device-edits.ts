import { realpathSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { SandboxMount } from "../contract.js";
import type { CdiDevice, ContainerEdits } from "./cdi-spec.js";
import { deviceFileMissing, devicesNotGiven } from "./errors.js";

/** Changes of a step that has devices. */
export interface DeviceEdits {
  /** Variables, which win over those of the image. */
  readonly env: readonly string[];
  readonly mounts: readonly SandboxMount[];
  /** Groups that the step's user is in besides its own. */
  readonly groups: readonly number[];
}

/**
 * Returns what devices change for a step. Throws `exec/device` for a hook, and for a file of the
 * machine that is not there.
 */
export function deviceEdits(devices: readonly CdiDevice[]): DeviceEdits {
  const common = new Map(devices.map((device) => [device.common, device]));
  const all = [...[...common].map(([edits, device]) => ({ edits, device })), ...devices.map((device) => ({ edits: device.edits, device }))];
  for (const { edits, device } of all) if (edits.refused.length > 0) throw devicesNotGiven(device.name, device.file, edits.refused);
  const env = new Map(all.flatMap(({ edits }) => edits.env).map((variable) => [variable.slice(0, variable.indexOf("=")), variable]));
  const mounts = new Map(all.flatMap(({ edits, device }) => mountsOf(edits, device)).map((mount) => [mount.dest, mount]));
  return { env: [...env.values()], mounts: [...mounts.values()], groups: [...new Set(all.flatMap(({ edits }) => edits.groups))] };
}

function mountsOf(edits: ContainerEdits, device: CdiDevice): readonly SandboxMount[] {
  const nodes = edits.nodes.map(({ path, hostPath }): SandboxMount => {
    const { real, status } = fileOf(hostPath, device);
    if (!status.isCharacterDevice() && !status.isBlockDevice()) throw deviceFileMissing(device.name, device.file, hostPath, "is no device");
    return { type: "device", source: real, dest: path };
  });
  const files = edits.mounts.map(({ hostPath, containerPath }): SandboxMount => {
    const { real, status } = fileOf(hostPath, device);
    if (status.isDirectory()) return { type: "host", directory: real, selector: "/", dest: containerPath };
    return { type: "host", directory: dirname(real), selector: `/${basename(real)}`, dest: containerPath };
  });
  return [...nodes, ...files];
}

function fileOf(path: string, { name, file }: CdiDevice) {
  try {
    const real = realpathSync(path);
    return { real, status: statSync(real) };
  } catch {
    throw deviceFileMissing(name, file, path, "is not there");
  }
}
