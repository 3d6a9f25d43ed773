import { ExecError } from "../../core/errors.js";
import type { BuildOptions } from "../../api/options/options.js";
import { hostPath } from "../../api/texts/surroundings.js";
import { printable } from "../../core/text/printable.js";
import { type CliEnvironment, printStderr } from "../environment.js";
import { badOnError, shellNeedsTerminal } from "../syntax/errors.js";
import { hasTerminal, openShell } from "./debug-shell.js";

/** File of `--on-error=save` without a name. */
const DEFAULT_FILE = "failed-step.tar";

/** Work for a step that failed. */
export type OnError = (error: unknown, options: BuildOptions) => Promise<void>;

/** Reads `--on-error`: a shell at once, or a file for another machine. */
export function readOnError(text: string | undefined, environment: CliEnvironment): OnError {
  if (text === undefined) return async () => {};
  const [, what, file = DEFAULT_FILE] = /^(shell|save)(?:=(.+))?$/s.exec(text) ?? [];
  if (what === undefined || text.startsWith("shell=")) throw badOnError(text);
  if (what === "shell" && !hasTerminal(environment)) throw shellNeedsTerminal();
  return async (error, options) => {
    if (!(error instanceof ExecError) || !error.kept) return;
    const { root, isolation, secrets } = options;
    const wanted = { ...(root === undefined ? {} : { root }), ...error.kept };
    if (what === "shell") {
      await openShell({ ...wanted, ...(isolation === undefined ? {} : { isolation }), ...(secrets && { secrets }) }, environment);
      return;
    }
    const dest = hostPath(environment, file);
    await environment.api.exportStep({ ...wanted, dest, signal: environment.signal });
    await printStderr(environment, `tsbuild: the failed step is in ${printable(dest)}; "tsbuild debug --import FILE" opens it\n`);
  };
}
