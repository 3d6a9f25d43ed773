import type { DeviceEdits } from "../../executor-native/devices/device-edits.js";
import type { MachineDevices } from "../../executor-native/devices/machine-devices.js";
import type { DeviceRights, Right } from "../../llb/entitlements.js";
import type { ExecOp } from "../../llb/ops.js";

const DEVICE = "device=";

type Requests = NonNullable<ExecOp["devices"]>;
type Env = Readonly<Record<string, string | undefined>>;

/** The devices of this machine for one build. They are read when a step asks for one. */
export class BuildDevices implements DeviceRights {
  readonly #allow: readonly Right[];
  readonly #env: Env;
  #machine: Promise<MachineDevices> | undefined;

  constructor(allow: readonly Right[], env: Env = process.env) {
    this.#allow = allow;
    this.#env = env;
  }

  async check(requests: Requests): Promise<{ readonly missing: readonly string[]; readonly refused: readonly string[] }> {
    const machine = await this.#read();
    const missing = requests.filter(({ name, optional }) => !optional && machine.find(name).length === 0).map(({ name }) => name);
    if (this.#allow.includes("device")) return { missing, refused: [] };
    const granted = new Set(this.#allow.flatMap((right) => (right.startsWith(DEVICE) ? machine.find(right.slice(DEVICE.length)) : [])));
    const names = machine.findAll(requests).map(({ name }) => name);
    return { missing, refused: names.filter((name) => !granted.has(name) && !machine.isOpen(name)) };
  }

  async edits(requests: Requests): Promise<DeviceEdits> {
    const { deviceEdits } = await import("../../executor-native/devices/device-edits.js");
    return deviceEdits((await this.#read()).findAll(requests));
  }

  #read(): Promise<MachineDevices> {
    return (this.#machine ??= import("../../executor-native/devices/machine-devices.js").then(({ machineDevices }) =>
      machineDevices(this.#env),
    ));
  }
}
