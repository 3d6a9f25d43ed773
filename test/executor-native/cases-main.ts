import { SandboxRig } from "../support/rigs/sandbox-rig.js";
import { CASES } from "./cases.js";
import { runCases } from "./cases/case.js";

/**
 * Runs all cases in this process and prints failures as JSON: `{name: message}`. Used to run them
 * as another user, and with the rights of a container.
 */
const rig = await SandboxRig.open();
try {
  process.stdout.write(JSON.stringify(await runCases(rig, CASES)));
} finally {
  await rig.close();
}
