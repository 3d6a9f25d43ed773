import type { BuildOptions, CheckOptions, CheckResult } from "../../api/options/options.js";
import { asCanceled, DiagnosticsError } from "../../core/errors.js";
import type { Call } from "../check/call.js";
import { checkOptionsOf } from "../check/check-options.js";
import { checkJson, checkText, outlineJson, outlineText, targetsJson, targetsText } from "../../api/texts/docker-forms.js";
import { type CliEnvironment, print, printStderr } from "../environment.js";
import { EXIT, exitCodeOf } from "../exit-codes.js";
import { paintFor } from "../output/paint.js";
import type { Reporter } from "../progress/reporter.js";
import { renderError } from "../output/render-error.js";
import type { ResultFiles } from "../syntax/result-files.js";

/**
 * Runs `--check` and `--call=…` of a build in docker's forms and exit codes. Findings of rules that
 * docker does not have are shown, and do not count.
 */
export async function runCall(
  call: Call,
  options: BuildOptions,
  { reporter, files }: { readonly reporter: Reporter; readonly files: ResultFiles },
  environment: CliEnvironment,
): Promise<number> {
  const { api, stdout, signal } = environment;
  const wanted: CheckOptions = { ...checkOptionsOf(options), signal, onEvent: (event) => reporter.onEvent(event) };
  try {
    switch (call.method) {
      case "outline": {
        const outline = await api.outline(wanted);
        reporter.finish();
        await files.metadata(() => resultOf(outlineJson(outline), outlineText(outline)));
        await print(stdout, call.format === "json" ? outlineJson(outline) : outlineText(outline));
        return EXIT.success;
      }
      case "targets": {
        const { targets, source } = await api.targets(wanted);
        reporter.finish();
        await files.metadata(() => resultOf(targetsJson(targets, source), targetsText(targets)));
        await print(stdout, call.format === "json" ? targetsJson(targets, source) : targetsText(targets));
        return EXIT.success;
      }
      default: {
        const result = await api.check(wanted);
        reporter.finish();
        const found = result.errors.length > 0 || result.warnings.some((warning) => warning.buildkit);
        await files.metadata(() => ({ ...resultOf(checkJson(result), checkText(result)), "result.statuscode": found ? "1" : "0" }));
        await print(stdout, await checkOutput(call, result));
        if (result.errors.length > 0) {
          await printStderr(environment, renderError(new DiagnosticsError(result.errors), { paint: paintFor(environment) }));
          return EXIT.failure;
        }
        return result.warnings.some((warning) => warning.buildkit) && !call.ignoreStatus ? EXIT.failure : EXIT.success;
      }
    }
  } catch (error) {
    reporter.finish();
    const shown = asCanceled(error, signal);
    await printStderr(environment, renderError(shown, { paint: paintFor(environment), debug: Boolean(environment.env["TSBUILD_DEBUG"]) }));
    return exitCodeOf(shown);
  }
}

/** Returns the metadata that buildx writes for a call that is no build. */
function resultOf(json: string, text: string): Record<string, unknown> {
  return { "result.json": JSON.parse(json) as unknown, "result.txt": text, version: "1.0.0" };
}

async function checkOutput(call: Call, result: CheckResult): Promise<string> {
  if (call.format === "sarif") return (await import("../check/sarif.js")).checkSarif(result, (await import("../version.js")).version());
  if (call.format === "json") return checkJson(result);
  // Docker prints the error alone when the Dockerfile cannot be built and has no warning.
  return result.errors.length > 0 && result.warnings.length === 0 ? "" : checkText(result);
}
