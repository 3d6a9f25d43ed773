import type { BakePlanResult, PlannedBakeTarget } from "../../api/bake/bake-options.js";
import type { BuildOptions, BuildResult } from "../../api/options/options.js";
import type { Diagnostic } from "../../core/diagnostics.js";
import { asCanceled } from "../../core/errors.js";
import { isAddress } from "../../core/text/address.js";
import { checkConsent } from "../bake/consent.js";
import { badVariable, printAndList, remoteDefinition } from "../bake/errors.js";
import { listed } from "../bake/lists.js";
import { attributesOf, targetOptions } from "../bake/target-options.js";
import { type Call, readCallText } from "../check/call.js";
import { type CliEnvironment, type Command, print, printStderr, storeRoot } from "../environment.js";
import { EXIT, exitCodeOf } from "../exit-codes.js";
import { paintFor } from "../output/paint.js";
import { renderError } from "../output/render-error.js";
import { metadataOf } from "../progress/build-metadata.js";
import { createReporter } from "../progress/create-reporter.js";
import { progressForm, terminal } from "../progress/form.js";
import { showWarnings } from "../progress/show-warnings.js";
import { historyLimits } from "../syntax/history-limits.js";
import { BAKE_SYNTAX } from "../syntax/bake-flags.js";
import { type ParsedFlags, parseFlags } from "../syntax/flags.js";
import { prepareResultFiles, type ResultFiles } from "../syntax/result-files.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(BAKE_SYNTAX, args);
    const list = flags.one("list");
    if (flags.has("print") && list !== undefined) throw printAndList();
    const call = readCallText(flags.one("call") ?? (flags.has("check") ? "check" : "build"));
    const file = await environment.api.readBake({
      files: flags.all("file"),
      stdin: environment.stdin,
      directory: environment.cwd,
      targets: targetNames(flags.operands),
      set: flags.all("set"),
      variables: variables(flags.all("var")),
      push: flags.has("push"),
      load: flags.has("load"),
      ...(flags.has("no-cache") ? { noCache: true } : {}),
      ...(flags.has("pull") ? { pull: true } : {}),
      ...textFlag(flags, "provenance"),
      ...textFlag(flags, "sbom"),
      ...(call.method === "build" ? {} : { call: call.method }),
      env: environment.env,
    });
    if (list !== undefined) {
      await print(environment.stdout, listed(list, file));
      return EXIT.success;
    }
    const plan = file.plan();
    if (flags.has("print")) {
      await showWarnings("plain", file.warnings, environment);
      await print(environment.stdout, `${plan.json}\n`);
      return EXIT.success;
    }
    checkConsent(plan.targets, { allow: flags.all("allow"), set: flags.all("set") }, environment);
    return buildPlan({ plan, flags, call, warnings: file.warnings }, environment);
  },
};

/** Returns the operands as names. An address in front of them would be a remote definition. */
function targetNames(operands: readonly string[]): readonly string[] {
  const [first] = operands;
  if (first !== undefined && isAddress(first)) throw remoteDefinition(first);
  return operands;
}

function variables(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.filter(Boolean).map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw badVariable(text);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function textFlag<Name extends string>(flags: ParsedFlags, name: Name): { readonly [N in Name]?: string } {
  const value = flags.one(name);
  return value === undefined ? {} : ({ [name]: value } as { readonly [N in Name]: string });
}

interface Wanted {
  readonly plan: BakePlanResult;
  readonly flags: ParsedFlags;
  readonly call: Call;
  /** Warnings of reading the files. */
  readonly warnings: readonly Diagnostic[];
}

async function buildPlan({ plan, flags, call, warnings: ofFiles }: Wanted, environment: CliEnvironment): Promise<number> {
  const files = prepareResultFiles({ one: (name) => (name === "metadata-file" ? flags.one(name) : undefined) }, environment);
  const form = progressForm({ named: flags.one("progress"), quiet: flags.has("quiet") }, environment);
  const common = flags.all("jobs").map((jobs) => `--jobs=${jobs}`);
  const targets: Record<string, BuildOptions> = {};
  const called: { readonly target: PlannedBakeTarget; readonly method: "check" | "outline" | "targets"; readonly options: BuildOptions }[] =
    [];
  for (const target of plan.targets) {
    const options = await targetOptions(target, common, environment);
    const method = readCallText(attributesOf(target).call ?? "build").method;
    if (method === "build") targets[target.name] = options;
    else if (!target.linked) called.push({ target, method, options });
  }
  const code = Object.keys(targets).length > 0 ? await buildAll({ plan, targets, form, files, ofFiles }, flags, environment) : EXIT.success;
  if (code !== EXIT.success || called.length === 0) return code;
  const { runCalls } = await import("../bake/calls.js");
  return runCalls(called, call, environment);
}

interface Builds {
  readonly plan: BakePlanResult;
  readonly targets: Readonly<Record<string, BuildOptions>>;
  readonly form: ReturnType<typeof progressForm>;
  readonly files: ResultFiles;
  readonly ofFiles: readonly Diagnostic[];
}

async function buildAll({ plan, targets, form, files, ofFiles }: Builds, flags: ParsedFlags, environment: CliEnvironment): Promise<number> {
  const paint = paintFor(environment);
  const reporter = await createReporter(form, () => ({ stream: environment.stderr, paint, ...terminal(environment) }));
  const warnings: Diagnostic[] = [...ofFiles];
  let results: Readonly<Record<string, BuildResult>>;
  try {
    results = await environment.api.buildTargets({
      ...storeRoot(environment, flags.one("root")),
      ...historyLimits(environment.env["TSBUILD_HISTORY"]),
      targets,
      signal: environment.signal,
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
    await printStderr(environment, renderError(shown, { paint, outputShown: reporter.showsOutput, logged: true, debug }));
    return exitCodeOf(shown);
  }
  reporter.finish();
  await showWarnings(form, warnings, environment);
  await files.metadata(() => Object.fromEntries(Object.entries(results).map(([name, result]) => [name, metadataOf(result, environment)])));
  const named = plan.targets.filter(({ name, linked }) => !linked && results[name] && (flags.has("quiet") || !targets[name]?.outputs));
  const width = Math.max(0, ...named.map(({ name }) => name.length));
  await print(environment.stdout, named.map(({ name }) => `${name.padEnd(width)}  ${results[name]?.imageId}\n`).join(""));
  return EXIT.success;
}
