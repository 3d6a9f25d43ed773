import type { PlannedBakeTarget } from "../../api/options/planned-target.js";
import { type GivenRights, wantedRights } from "../../api/bake/wanted-rights.js";
import { printable } from "../../core/text/printable.js";
import type { CliEnvironment } from "../environment.js";
import { confirmed } from "../prompts/confirm.js";
import { notAllowed } from "./errors.js";

/**
 * Asks at a terminal about targets that want more of this machine than the command line allows.
 * Throws `bake/not-allowed` without a yes, and where nobody can be asked.
 */
export async function askConsent(targets: readonly PlannedBakeTarget[], given: GivenRights, environment: CliEnvironment): Promise<void> {
  const { cwd, env, stdin, stderr } = environment;
  const wanted = wantedRights(targets, given, { directory: cwd, env });
  if (wanted.length === 0) return;
  if (stdin.isTTY && stderr.isTTY) {
    // The texts come from the file, which may want to draw over the question.
    const rows = wanted.map(({ what, flag }) => `  ${printable(what)}  (${printable(flag)})\n`).join("");
    if (await confirmed(environment, `The file asks for:\n${rows}`, "")) return;
  }
  throw notAllowed(wanted);
}
