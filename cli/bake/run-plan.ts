import type { BuildOptions, BuildResult } from "../../api/options/options.js";
import type { PlannedBakeTarget } from "../../api/options/planned-target.js";
import type { Diagnostic } from "../../core/diagnostics.js";
import { asCanceled } from "../../core/errors.js";
import { type Call, readCallText } from "../check/call.js";
import { type CliEnvironment, print, printStderr, storeRoot } from "../environment.js";
import { EXIT, exitCodeOf } from "../exit-codes.js";
import { paintFor } from "../output/paint.js";
import { renderError } from "../output/render-error.js";
import { metadataOf } from "../progress/build-metadata.js";
import { createReporter } from "../progress/create-reporter.js";
import { progressForm, terminal } from "../progress/form.js";
import { showWarnings } from "../progress/show-warnings.js";
import type { ParsedFlags } from "../syntax/flags.js";
import { parseJobs } from "../syntax/count.js";
import { historyLimits } from "../syntax/history-limits.js";
import { prepareResultFiles, type ResultFiles } from "../syntax/result-files.js";
import { targetBuildOptions } from "../../api/bake/target-options.js";
import { attributesOf } from "../../api/bake/target-attributes.js";

/** Targets to build, and how. */
interface Wanted {
  readonly targets: readonly PlannedBakeTarget[];
  /** Flags that bake and compose have in common. */
  readonly flags: ParsedFlags;
  readonly call: Call;
  /** Warnings of reading the files. */
  readonly warnings: readonly Diagnostic[];
  /** Changes the options of a build. */
  readonly refine?: (options: BuildOptions) => BuildOptions;
  readonly onError?: OnError;
}

/** Work for the step that failed first, with the options of its target. */
type OnError = (error: unknown, options: BuildOptions) => Promise<void>;

/** Builds or checks targets, with one display for all. Returns the exit code. */
export async function runPlan(
  { targets: planned, flags, call, warnings: ofFiles, refine = (same) => same, onError }: Wanted,
  environment: CliEnvironment,
): Promise<number> {
  const { env, stdout } = environment;
  const files = prepareResultFiles({ one: (name) => (name === "metadata-file" ? flags.one(name) : undefined) }, environment);
  const form = progressForm({ named: flags.one("progress"), quiet: flags.has("quiet") }, environment);
  const targets: Record<string, BuildOptions> = {};
  const called: { readonly target: PlannedBakeTarget; readonly method: "check" | "outline" | "targets"; readonly options: BuildOptions }[] =
    [];
  for (const target of planned) {
    const options = refine({
      ...targetBuildOptions(target, { directory: environment.cwd, env, stdout, allow: flags.all("allow") }),
      collect: false,
      ...(flags.has("proxy-network") && { proxyNetwork: true }),
    });
    const method = readCallText(attributesOf(target).call ?? "build").method;
    if (method === "build") targets[target.name] = options;
    else if (!target.linked) called.push({ target, method, options });
  }
  const code =
    Object.keys(targets).length > 0
      ? await buildAll({ planned, targets, form, files, ofFiles, ...(onError && { onError }) }, flags, environment)
      : EXIT.success;
  if (code !== EXIT.success || called.length === 0) return code;
  const { runCalls } = await import("./calls.js");
  return runCalls(called, call, environment);
}

/** Builds with one display, whose names and ids are printed. */
interface Builds {
  readonly planned: readonly Pick<PlannedBakeTarget, "name" | "linked">[];
  readonly targets: Readonly<Record<string, BuildOptions>>;
  readonly form: ReturnType<typeof progressForm>;
  readonly files: ResultFiles;
  readonly ofFiles: readonly Diagnostic[];
  readonly onError?: OnError;
}

/** Builds targets together. Returns the exit code. */
export async function buildAll(
  { planned, targets, form, files, ofFiles, onError }: Builds,
  flags: ParsedFlags,
  environment: CliEnvironment,
): Promise<number> {
  const paint = paintFor(environment);
  const jobs = parseJobs(flags.one("jobs"));
  const reporter = await createReporter(form, () => ({ stream: environment.stderr, paint, ...terminal(environment) }));
  const warnings: Diagnostic[] = [...ofFiles];
  let results: Readonly<Record<string, BuildResult>>;
  let failed: BuildOptions | undefined;
  try {
    results = await environment.api.buildTargets({
      ...storeRoot(environment, flags.one("root")),
      ...historyLimits(environment.env["TSBUILD_HISTORY"]),
      ...(jobs === undefined ? {} : { jobs }),
      targets,
      signal: environment.signal,
      onEnd(target, outcome) {
        if ("error" in outcome) failed = targets[target];
      },
      onEvent(event) {
        if (event.type === "warning") warnings.push(event.diagnostic);
        if (event.type !== "explained") reporter.onEvent(event);
      },
    });
  } catch (error) {
    reporter.finish();
    await showWarnings(form, warnings, environment);
    const shown = asCanceled(error, environment.signal);
    const debug = Boolean(environment.env["TSBUILD_DEBUG"]);
    await printStderr(
      environment,
      renderError(shown, { paint, outputShown: reporter.showsOutput, logged: true, root: flags.one("root"), debug }),
    );
    await onError?.(shown, { ...failed, ...storeRoot(environment, flags.one("root")) });
    return exitCodeOf(shown);
  }
  reporter.finish();
  await showWarnings(form, warnings, environment);
  await files.metadata(() => Object.fromEntries(Object.entries(results).map(([name, result]) => [name, metadataOf(result, environment)])));
  const named = planned.filter(({ name, linked }) => !linked && results[name] && (flags.has("quiet") || !targets[name]?.outputs));
  const width = Math.max(0, ...named.map(({ name }) => name.length));
  await print(environment.stdout, named.map(({ name }) => `${name.padEnd(width)}  ${results[name]?.imageId}\n`).join(""));
  return EXIT.success;
}
