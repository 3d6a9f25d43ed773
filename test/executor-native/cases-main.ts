import { SandboxRig } from "../support/rigs/sandbox-rig.js";
import { CASES } from "./cases.js";

/**
 * Runs all cases in this process and prints failures as JSON: `{name: message}`. Used to run them
 * as another user.
 */
const rig = await SandboxRig.open();
const failures: Record<string, string> = {};
try {
  for (const { name, run } of CASES) {
    try {
      await run(rig);
    } catch (error) {
      failures[name] = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
  }
} finally {
  await rig.close();
}
process.stdout.write(JSON.stringify(failures));
