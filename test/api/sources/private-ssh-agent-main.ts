import { execFileSync } from "node:child_process";
import { startPrivateSshAgent } from "../../../api/sources/private-ssh-agent.js";

/**
 * Prints what an agent with the key that is the first argument has. The second is a directory for
 * its socket. Used to run it as another user.
 */
const [key, directory] = process.argv.slice(2) as [string, string];
const agent = await startPrivateSshAgent("default", [key], directory);
try {
  process.stdout.write(execFileSync("ssh-add", ["-L"], { env: { PATH: process.env["PATH"], SSH_AUTH_SOCK: agent.socket } }));
} finally {
  await agent[Symbol.asyncDispose]();
}
