import { SandboxRig } from "../support/rigs/sandbox-rig.js";

/**
 * A main process to be killed: starts a worker and one long step, and reports it. Its directory is
 * the first line it prints.
 */
const rig = await SandboxRig.open();
process.stdout.write(`${rig.base}\n`);
await rig.run(`echo up; sleep ${process.argv[2]} & sleep ${process.argv[2]}`, { onOutput: () => void process.stdout.write("up\n") });
