import { once } from "node:events";
import { printableLines } from "../../core/text/printable.js";
import type { BuildResult, Output } from "../../api/options/options.js";
import type { Diagnostic } from "../../core/diagnostics.js";
import { asCanceled, CanceledError, DiagnosticsError } from "../../core/errors.js";
import { namesSeveral } from "../bake/several.js";
import { readCall } from "../check/call.js";
import { readBuildOptions, readInputs } from "../syntax/build-options.js";
import { type CliEnvironment, type Command, print, printStderr } from "../environment.js";
import { idleFlags } from "../syntax/docker-flags.js";
import { EXIT, exitCodeOf, UsageError } from "../exit-codes.js";
import { parseFlags } from "../syntax/flags.js";
import { BUILD_SYNTAX } from "../syntax/build-flags.js";
import { parseOutputs, usesStdout } from "../../api/texts/outputs.js";
import { readOnError } from "./on-error.js";
import { type Paint, paintFor } from "../output/paint.js";
import { metadataOf } from "../progress/build-metadata.js";
import { createReporter } from "../progress/create-reporter.js";
import { progressForm, terminal } from "../progress/form.js";
import { showWarnings } from "../progress/show-warnings.js";
import { renderError } from "../output/render-error.js";
import { prepareResultFiles } from "../syntax/result-files.js";

export const command: Command = { run: (args, environment) => runBuild(args, environment) };

/**
 * Runs the command. Hands the result of a build of one target to `onResult`, for commands that are
 * made of this one. Returns the exit code.
 */
export async function runBuild(
  args: readonly string[],
  environment: CliEnvironment,
  onResult: (result: BuildResult) => void = () => undefined,
): Promise<number> {
  const flags = parseFlags(BUILD_SYNTAX, args);
  const options = readBuildOptions(flags, environment);
  const into = flags.one("load");
  const outputs = parseOutputs(flags.all("output"), { push: flags.has("push"), load: into === "store" }, environment);
  const trace = environment.env["TSBUILD_DEBUG"] ? (await import("../output/solver-trace.js")).solverTrace(environment) : undefined;
  const wantedForm = progressForm({ named: flags.one("progress"), quiet: flags.has("quiet") }, environment);
  // Lines of a trace would stand in the middle of a frame.
  const form = trace?.onStderr && wantedForm === "auto" ? "plain" : wantedForm;
  const call = readCall(flags);
  const inputs = await readInputs(flags, environment);
  const paint = (): Paint => paintFor(environment);
  const explain = flags.has("explain");
  const files = prepareResultFiles(flags, environment);
  const reports = await readReports(flags.all("report"), environment);
  const onError = readOnError(flags.one("on-error"), environment);
  const reporter = await createReporter(form, () => ({ stream: environment.stderr, paint: paint(), ...terminal(environment) }));
  if (call.method !== "build") {
    const { runCall } = await import("./call.js");
    return runCall(call, { ...options, ...inputs }, { reporter, files }, environment);
  }
  const stages = flags.one("target");
  if (namesSeveral(stages)) {
    const { buildStages } = await import("../bake/build-stages.js");
    return buildStages(
      stages.split(","),
      { options: { ...options, ...inputs, ...(outputs.length > 0 ? { outputs } : {}) }, form, files, onError },
      { flags, environment },
    );
  }
  const engine =
    into === "docker" || into === "podman" ? await (await import("../engines/engine.js")).beginLoad(into, environment) : undefined;
  const written: readonly Output[] = engine === undefined ? outputs : [...outputs, { type: "docker", dest: engine.dest }];
  const warnings: Diagnostic[] = [...idleFlags(flags)];
  let result: BuildResult;
  try {
    result = await environment.api.build({
      ...options,
      ...inputs,
      ...(written.length > 0 ? { outputs: written } : {}),
      ...(trace && { onTrace: trace.onTrace }),
      signal: environment.signal,
      onEvent(event) {
        if (event.type === "warning") warnings.push(event.diagnostic);
        if (event.type !== "explained" || explain) reporter.onEvent(event);
      },
    });
  } catch (error) {
    engine?.dest.destroy();
    reporter.finish();
    await showWarnings(form, warnings, environment);
    await reports({ warnings, error });
    const shown = asCanceled(error, environment.signal);
    const debug = Boolean(environment.env["TSBUILD_DEBUG"]) || flags.has("debug");
    await printStderr(
      environment,
      renderError(shown, {
        paint: paint(),
        outputShown: reporter.showsOutput,
        logged: options.history !== false,
        root: flags.one("root"),
        debug,
      }),
    );
    await onError(shown, options);
    // Completed steps are cached, and a Dockerfile that is being written fails many times, so
    // collection runs after a failure too. A ctrl-c does not wait for it.
    const ran = !(shown instanceof DiagnosticsError || shown instanceof CanceledError || shown instanceof UsageError);
    if (ran) await cleanedUp(environment.api.collect({ ...options, ifDue: true }), environment.signal);
    return exitCodeOf(shown);
  } finally {
    trace?.close();
  }
  reporter.finish();
  if (engine !== undefined) await printStderr(environment, printableLines(await engine.loaded));
  await showWarnings(form, [...idleFlags(flags), ...result.warnings], environment);
  await reports({ warnings: [...idleFlags(flags), ...result.warnings] });
  onResult(result);
  await files.id(result.imageId);
  await files.metadata(() => metadataOf(result, environment));
  const wanted = flags.has("quiet") || outputs.length === 0;
  if (wanted && !usesStdout(outputs)) await print(environment.stdout, `${result.imageId}\n`);
  // The result is complete: the next build repeats a collection that fails.
  if (result.collectionDue) await cleanedUp(environment.api.collect(options), environment.signal);
  return EXIT.success;
}

/** Returns what writes the reports that `--report` asks for. */
async function readReports(
  values: readonly string[],
  environment: CliEnvironment,
): Promise<(outcome: { readonly warnings: readonly Diagnostic[]; readonly error?: unknown }) => Promise<void>> {
  if (values.length === 0) return () => Promise.resolve();
  const { prepareReports, writeReports } = await import("../check/reports.js");
  const reports = prepareReports(values, environment);
  return (outcome) => writeReports(reports, outcome, environment);
}

/**
 * Waits until old results are collected. A ctrl-c ends the wait, because the store bears an
 * interruption.
 */
async function cleanedUp(collecting: Promise<void>, signal: AbortSignal): Promise<void> {
  const tried = collecting.catch(() => undefined);
  if (!signal.aborted) await Promise.race([tried, once(signal, "abort")]);
}
