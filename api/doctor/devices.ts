import { DEVICE_DIRECTORIES_VARIABLE, machineDevices } from "../../executor-native/devices/machine-devices.js";
import type { DoctorCheck } from "../options/doctor-types.js";
import { check } from "./check.js";

/** Lists the devices that RUN --device can name. */
export async function deviceChecks(env: Readonly<Record<string, string | undefined>>): Promise<readonly DoctorCheck[]> {
  const title = "Devices for RUN --device";
  const controlledBy = ["/etc/cdi", "/var/run/cdi", "/etc/buildkit/cdi", DEVICE_DIRECTORIES_VARIABLE];
  const { names, problems } = await machineDevices(env);
  const known = names.length === 0 ? "none" : names.join(", ");
  const [problem] = problems;
  if (!problem) return [check("devices", title, { found: known, controlledBy })];
  return [
    check("devices", title, {
      status: "warning",
      found: `${known}; ${problem.file} cannot be used: ${problem.why}`,
      controlledBy,
      fix: `Correct or remove ${problem.file}`,
    }),
  ];
}
