import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { compareCodeUnits } from "../../core/canonical.js";
import { systemErrorCode } from "../../core/errors.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { systemReason } from "../../core/system/system-reason.js";
import { BadSpec, type CdiDevice, readSpec } from "./cdi-spec.js";

/** Directories of specifications, as BuildKit has them. A later one wins. */
const DIRECTORIES = ["/etc/cdi", "/var/run/cdi", "/etc/buildkit/cdi"];

/** Variable with other directories, separated by colons. */
export const DEVICE_DIRECTORIES_VARIABLE = "TSBUILD_CDI_DIRS";

/** Annotations that BuildKit reads. */
const CLASS = "org.mobyproject.buildkit.device.class";
const AUTO_ALLOW = "org.mobyproject.buildkit.device.autoallow";

/** A device that a step asks for. */
export interface DeviceRequest {
  readonly name: string;
  readonly optional: boolean;
}

/** A file that cannot be used, and why. */
export interface DeviceProblem {
  readonly file: string;
  readonly why: string;
}

/** The devices of this machine. */
export class MachineDevices {
  /** Names in order. */
  readonly names: readonly string[];
  readonly problems: readonly DeviceProblem[];
  readonly #devices: ReadonlyMap<string, CdiDevice>;

  constructor(devices: readonly CdiDevice[], problems: readonly DeviceProblem[]) {
    this.#devices = new Map(devices.map((device) => [device.name, device]));
    this.names = [...this.#devices.keys()].sort(compareCodeUnits);
    this.problems = problems;
  }

  device(name: string): CdiDevice {
    const found = this.#devices.get(name);
    if (!found) throw new Error(`internal: there is no device "${name}"`);
    return found;
  }

  /**
   * Returns the devices that a name means, as BuildKit does: one, the first of a kind without a
   * name, all of a kind for `*`, or those of a class.
   */
  find(name: string): readonly string[] {
    const [kind, own] = splitName(name);
    const ofKind = this.names.filter((one) => one.startsWith(`${kind}=`));
    const found = !kind.includes("/") ? [] : own === "" ? ofKind.slice(0, 1) : own === "*" ? ofKind : ofKind.filter((one) => one === name);
    return found.length > 0 ? found : this.names.filter((one) => this.device(one).annotations[CLASS] === name);
  }

  /** Returns the devices of requests, each once. */
  findAll(requests: readonly DeviceRequest[]): readonly CdiDevice[] {
    return [...new Set(requests.flatMap(({ name }) => this.find(name)))].map((name) => this.device(name));
  }

  /** Returns true for a device that its specification gives to every build. */
  isOpen(name: string): boolean {
    return parseBoolean(this.device(name).annotations[AUTO_ALLOW] ?? "") === true;
  }
}

function splitName(name: string): readonly [kind: string, own: string] {
  const at = name.indexOf("=");
  return at < 0 ? [name, ""] : [name.slice(0, at), name.slice(at + 1)];
}

/** Reads the specifications of this machine, and lists those that cannot be read as problems. */
export async function machineDevices(env: Readonly<Record<string, string | undefined>> = process.env): Promise<MachineDevices> {
  const directories = env[DEVICE_DIRECTORIES_VARIABLE]?.split(":").filter(Boolean) ?? DIRECTORIES;
  const devices = new Map<string, CdiDevice>();
  const problems: DeviceProblem[] = [];
  for (const directory of directories) {
    const here = new Map<string, CdiDevice>();
    for (const file of specFiles(directory, problems)) {
      for (const device of await devicesOf(file, problems)) {
        const other = here.get(device.name);
        if (other) problems.push({ file, why: `it has ${device.name}, as ${other.file} has` });
        else here.set(device.name, device);
      }
    }
    for (const [name, device] of here) devices.set(name, device);
  }
  return new MachineDevices([...devices.values()], problems);
}

function specFiles(directory: string, problems: DeviceProblem[]): readonly string[] {
  try {
    const names = readdirSync(directory).filter((name) => [".json", ".yaml", ".yml"].includes(extname(name)));
    return names.sort(compareCodeUnits).map((name) => join(directory, name));
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") problems.push({ file: directory, why: systemReason(error) });
    return [];
  }
}

async function devicesOf(file: string, problems: DeviceProblem[]): Promise<readonly CdiDevice[]> {
  try {
    const content = readFileSync(file, "utf8");
    const value: unknown = extname(file) === ".json" ? JSON.parse(content) : (await import("yaml")).parse(content);
    return readSpec(value, file);
  } catch (error) {
    const isRead = error instanceof BadSpec || systemErrorCode(error) === undefined;
    problems.push({ file, why: isRead && error instanceof Error ? (error.message.split("\n", 1)[0] as string) : systemReason(error) });
    return [];
  }
}
