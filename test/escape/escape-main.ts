import { SandboxRig } from "../support/rigs/sandbox-rig.js";
import { makeAttempts } from "./attempts.js";

/**
 * Makes all attempts with the program that is the first argument, and prints the report as JSON.
 * Used to run them as another user.
 */
const rig = await SandboxRig.open();
try {
  process.stdout.write(JSON.stringify(await makeAttempts(rig, process.argv[2] as string)));
} finally {
  await rig.close();
}
