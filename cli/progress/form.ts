import { quietAndProgress, badProgress } from "./errors.js";
import type { CliEnvironment } from "../environment.js";
import { PROGRESS_FORMS } from "../syntax/flags.js";
import type { ProgressForm, Terminal } from "./create-reporter.js";

/** Returns the form of progress: by the flags, then by BUILDKIT_PROGRESS. */
export function progressForm(
  { named, quiet }: { readonly named?: string | undefined; readonly quiet: boolean },
  environment: CliEnvironment,
): ProgressForm {
  if (quiet) {
    if (named !== undefined && named !== "quiet" && named !== "none") {
      throw quietAndProgress(named);
    }
    return "quiet";
  }
  const wanted = named ?? environment.env["BUILDKIT_PROGRESS"] ?? "auto";
  const form = PROGRESS_FORMS.find((candidate) => candidate === wanted);
  if (!form) throw badProgress(wanted, PROGRESS_FORMS);
  return form;
}

/** Returns whether progress can be redrawn, and how many lines of output it shows. */
export function terminal({ stderr, env }: CliEnvironment): Terminal {
  const lines = env["BUILDKIT_TTY_LOG_LINES"];
  return {
    live: stderr.isTTY === true && env["TERM"] !== "dumb",
    ...(lines !== undefined && /^\d{1,4}$/.test(lines) ? { logLines: Number(lines) } : {}),
  };
}
