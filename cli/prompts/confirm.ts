import { notConfirmed } from "./errors.js";
import { type CliEnvironment, printStderr } from "../environment.js";

/**
 * Asks at a terminal for consent after a sentence about the work. Throws `cli/not-confirmed` where
 * no terminal is there to ask at.
 */
export async function confirmed(environment: CliEnvironment, what: string, hint: string): Promise<boolean> {
  if (!environment.stdin.isTTY) throw notConfirmed(hint);
  await printStderr(environment, `${what}\nContinue? [y/N] `);
  for await (const chunk of environment.stdin) return /^\s*y(es)?\s*$/i.test(String(chunk));
  return false;
}
