import type { PlannedBakeTarget } from "../../api/options/planned-target.js";
import type { BuildOptions } from "../../api/options/options.js";
import { DiagnosticsError } from "../../core/errors.js";
import type { Call } from "../check/call.js";
import { checkJson, checkText, outlineJson, outlineText, targetsJson, targetsText } from "../../api/texts/docker-forms.js";
import { checkOptionsOf } from "../check/check-options.js";
import { type CliEnvironment, print, printStderr } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { paintFor } from "../output/paint.js";
import { renderError } from "../output/render-error.js";

/** A target to call a method of, with the options of its build. */
export interface CalledTarget {
  readonly target: PlannedBakeTarget;
  readonly method: Exclude<Call["method"], "build">;
  readonly options: BuildOptions;
}

/** Checks or outlines targets, one after the other. Returns the exit code. */
export async function runCalls(
  called: readonly CalledTarget[],
  { format, ignoreStatus }: Call,
  environment: CliEnvironment,
): Promise<number> {
  const results = new Map<string, unknown>();
  let code: number = EXIT.success;
  for (const [index, { target, method, options }] of called.entries()) {
    const { text, json, found, errors } = await callOf(method, options, environment);
    if (found && !ignoreStatus) code = EXIT.failure;
    if (format === "json") results.set(target.name, { build: target.attributes, [method]: JSON.parse(json) });
    else
      await print(
        environment.stdout,
        `${index > 0 ? "\n" : ""}${target.name}\n${target.description ? `${target.description}\n` : ""}\n${text}`,
      );
    if (errors) await printStderr(environment, renderError(errors, { paint: paintFor(environment) }));
    if (errors) code = EXIT.failure;
  }
  if (format === "json") await print(environment.stdout, `${JSON.stringify({ target: Object.fromEntries(results) }, undefined, 2)}\n`);
  return code;
}

interface Called {
  readonly text: string;
  readonly json: string;
  /** True when a rule that docker has too found something. */
  readonly found: boolean;
  readonly errors?: DiagnosticsError | undefined;
}

async function callOf(method: CalledTarget["method"], options: BuildOptions, { api, signal }: CliEnvironment): Promise<Called> {
  const wanted = { ...checkOptionsOf(options), signal };
  if (method === "outline") {
    const outline = await api.outline(wanted);
    return { text: outlineText(outline), json: outlineJson(outline), found: false };
  }
  if (method === "targets") {
    const { targets, source } = await api.targets(wanted);
    return { text: targetsText(targets), json: targetsJson(targets, source), found: false };
  }
  const result = await api.check(wanted);
  return {
    text: checkText(result),
    json: checkJson(result),
    found: result.warnings.some(({ buildkit }) => buildkit),
    errors: result.errors.length > 0 ? new DiagnosticsError(result.errors) : undefined,
  };
}
