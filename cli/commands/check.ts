import { nothingToWrite } from "./errors.js";
import type { CheckResult } from "../../api/options/options.js";
import { BUILD_OPTIONS } from "../../api/options/table.js";
import type { Diagnostic } from "../../core/diagnostics.js";
import { printable } from "../../core/text/printable.js";
import { renderDiagnostics } from "../../core/text/render-diagnostic.js";
import { readBuildOptions, readInputs } from "../syntax/build-options.js";
import { checkJson } from "../../api/texts/docker-forms.js";
import { type Command, print, printStderr } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { type CommandSyntax, parseFlags } from "../syntax/flags.js";
import { BUILD_FLAGS } from "../syntax/build-flags.js";
import { type Paint, paintFor, PLAIN } from "../output/paint.js";
import { checkOptionsOf } from "../check/check-options.js";

const INPUTS = new Set(Object.values(BUILD_OPTIONS).flatMap(({ checked, flag }) => (checked && flag ? [flag.name] : [])));

const SYNTAX: CommandSyntax = {
  name: "check",
  summary: "Check a Dockerfile without building it",
  operands: "[PATH | -]",
  count: [0, 1],
  flags: [
    { name: "fix", text: "Apply all safe fixes, and write the file" },
    {
      name: "format",
      value: "<form>",
      choices: ["pretty", "json", "sarif", "codequality", "github"],
      text: "How findings are shown on the standard output (default: pretty)",
    },
    { name: "explain", value: "<rule>", text: "Show the page of a rule" },
    // Flags of a build without effect on a check may stay on the command line.
    ...BUILD_FLAGS.filter(({ name }) => name !== "explain").map((flag) => (INPUTS.has(flag.name) ? flag : { ...flag, hidden: true })),
  ],
  after:
    "Exits with 1 when there is anything to fix.\n# check=skip=RULE at the top of a Dockerfile, or above an instruction, keeps a rule quiet.\nExample: tsbuild check --fix .",
};

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(SYNTAX, args);
    const rule = flags.one("explain");
    if (rule !== undefined) {
      await print(environment.stdout, (await import("../../api/sources/lint-pages.js")).explainRule(rule));
      return EXIT.success;
    }
    const inputs = await readInputs(flags, environment);
    const fix = flags.has("fix");
    if (fix && inputs.context !== undefined && typeof inputs.context !== "string") throw nothingToWrite();
    const options = checkOptionsOf({ ...readBuildOptions(flags, environment), ...inputs });
    const result = await environment.api.check({ ...options, fix, signal: environment.signal });
    const form = flags.one("format") ?? "pretty";
    const paint = paintFor(environment);
    if (result.fixed.length > 0) await printStderr(environment, fixedText(result));
    await print(environment.stdout, await findings(result, { form, cwd: environment.cwd }, environment.stdout.isTTY ? paint : PLAIN));
    return result.errors.length + result.warnings.length > 0 ? EXIT.failure : EXIT.success;
  },
};

async function findings(
  result: CheckResult,
  { form, cwd }: { readonly form: string; readonly cwd: string },
  paint: Paint,
): Promise<string> {
  if (form === "codequality" || form === "github") {
    const found = [...result.errors, ...result.warnings].map((diagnostic) => ({ source: result.source, ...diagnostic }));
    return (await import("../check/reports.js")).reportText(form, found, cwd);
  }
  if (form === "json") return checkJson({ ...result, warnings: result.warnings.map((warning) => ({ ...warning, buildkit: true })) });
  if (form === "sarif") return (await import("../check/sarif.js")).checkSarif(result, (await import("../version.js")).version());
  return prettyText(result, paint);
}

/** Returns every finding with its place in the file, then one line of counts. */
function prettyText({ errors, warnings, source }: CheckResult, paint: Paint): string {
  const shown: Diagnostic[] = [
    ...errors,
    ...warnings.map((warning) => ({ ...warning, url: warning.url ?? `tsbuild check --explain ${warning.rule}` })),
  ];
  const blocks = renderDiagnostics(shown, paint).map((text) => `${text}\n\n`);
  if (shown.length === 0) return `${printable(source.name)}: nothing to fix\n`;
  const fixable = warnings.filter((warning) => warning.fix?.safe).length;
  const counts = [count(errors.length, "error"), count(warnings.length, "warning")].filter((text) => text !== "").join(", ");
  return `${blocks.join("")}${printable(source.name)}: ${counts}${fixable > 0 ? `; "tsbuild check --fix" fixes ${fixable}` : ""}\n`;
}

function fixedText({ fixed, source }: CheckResult): string {
  const lines = fixed.map(({ range, rule, fix }) => `  line ${range?.line ?? "?"}: ${printable(fix?.title ?? "")} (${rule})\n`);
  return `${printable(source.name)}: ${count(fixed.length, "change")}\n${lines.join("")}`;
}

function count(number: number, what: string): string {
  return number === 0 ? "" : `${number} ${what}${number === 1 ? "" : "s"}`;
}
