import { asCanceled, TsbuildError } from "../../core/errors.js";
import type { EventSink } from "../../core/events.js";
import type { CliEnvironment } from "../environment.js";
import { paintFor } from "../output/paint.js";
import { createReporter } from "./create-reporter.js";
import { progressForm, terminal } from "./form.js";

/**
 * Runs a transfer with its progress on the standard error, quiet or in the form that the
 * environment names.
 */
export async function withProgress<T>(environment: CliEnvironment, quiet: boolean, work: (onEvent: EventSink) => Promise<T>): Promise<T> {
  const form = progressForm({ quiet }, environment);
  const reporter = await createReporter(form, () => ({
    stream: environment.stderr,
    paint: paintFor(environment),
    ...terminal(environment),
  }));
  try {
    return await work(reporter.onEvent);
  } catch (error) {
    // An error that ctrl-c caused is no failure.
    const shown = asCanceled(error, environment.signal);
    // The step is the command itself, which the message names.
    if (shown instanceof TsbuildError) shown.step = undefined;
    throw shown;
  } finally {
    reporter.finish();
  }
}
