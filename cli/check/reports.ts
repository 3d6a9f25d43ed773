import { createHash } from "node:crypto";
import { isAbsolute, relative } from "node:path";
import type { Diagnostic, Severity, SourceFile, SourceRange } from "../../core/diagnostics.js";
import { TsbuildError } from "../../core/errors.js";
import { checkFileDestination } from "../../core/system/destination.js";
import { sourceLines } from "../../core/text/source-lines.js";
import { hostPath } from "../../api/texts/surroundings.js";
import { type CliEnvironment, print } from "../environment.js";
import { jsonText } from "../../core/text/json-text.js";
import { writeResult } from "../syntax/result-files.js";
import { badReport } from "./errors.js";

/** A problem with its place, for the services that show it there. */
interface Finding {
  readonly severity: Severity;
  /** Rule of a warning, code of an error. */
  readonly name: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** Path from the working directory; undefined for a text that is no file, and without a place. */
  readonly path: string | undefined;
  readonly range: SourceRange | undefined;
  /** Text of the first line of the range. */
  readonly line: string;
}

/** Returns the warnings of a build or check, and the problems that an error consists of. */
function findingsOf(warnings: readonly Diagnostic[], error: unknown, cwd: string): readonly Finding[] {
  return [...problemsOf(error), ...warnings].map((diagnostic) => finding(diagnostic, cwd));
}

/** Returns the diagnostics of an error; the error itself at its instruction when it has none. */
function problemsOf(error: unknown): readonly Diagnostic[] {
  if (error === undefined) return [];
  if (!(error instanceof TsbuildError)) {
    return [{ severity: "error", code: "internal", message: error instanceof Error ? error.message : String(error) }];
  }
  if (error.diagnostics.length > 0) return error.diagnostics;
  const { code, message, hint, place } = error;
  return [{ severity: "error", code, message, ...(hint === undefined ? {} : { hint }), ...place }];
}

function finding({ severity, code, rule, message, hint, source, range }: Diagnostic, cwd: string): Finding {
  return {
    severity,
    name: rule ?? code,
    message,
    hint,
    path: source === undefined ? undefined : pathOf(source, cwd),
    range,
    line: source === undefined || range === undefined ? "" : (sourceLines(source)[range.line - 1] ?? ""),
  };
}

function pathOf({ name }: SourceFile, cwd: string): string | undefined {
  if (/^<|^https?:/.test(name)) return undefined;
  const path = isAbsolute(name) ? relative(cwd, name) : name;
  return path.replace(/^\.\//, "");
}

/** Returns findings as GitLab's code quality report: those with a place in a file. */
function codeQuality(findings: readonly Finding[]): string {
  const seen = new Map<string, number>();
  const issues = findings.flatMap(({ severity, name, message, hint, path, range, line }) => {
    if (path === undefined) return [];
    const same = `${name}\0${path}\0${message}\0${line.trim()}`;
    const count = seen.get(same) ?? 0;
    seen.set(same, count + 1);
    return [
      {
        description: hint === undefined ? message : `${message} (${hint})`,
        check_name: name,
        // Without the number of the line, so that a finding stays the same when lines above change.
        fingerprint: createHash("sha256").update(`${same}\0${count}`).digest("hex"),
        severity: severity === "error" ? "critical" : "minor",
        location: { path, lines: { begin: range?.line ?? 1, end: range?.endLine ?? range?.line ?? 1 } },
      },
    ];
  });
  return `${jsonText(issues, 2)}\n`;
}

/** Returns findings as commands of GitHub's runner, which shows them in the file. */
function githubCommands(findings: readonly Finding[]): string {
  return findings
    .map(({ severity, name, message, hint, path, range }) => {
      const place =
        path === undefined || range === undefined
          ? []
          : [`file=${property(path)}`, `line=${range.line}`, `endLine=${range.endLine}`, ...columns(range)];
      const properties = [...place, `title=${property(name)}`].join(",");
      return `::${severity} ${properties}::${data(hint === undefined ? message : `${message}\n${hint}`)}\n`;
    })
    .join("");
}

/** Returns the columns of a range in one line: the runner takes them there alone. */
function columns({ line, endLine, column, endColumn }: SourceRange): readonly string[] {
  return line === endLine ? [`col=${column}`, `endColumn=${endColumn}`] : [];
}

/** Escapes text of a command, so that none can begin another. */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** Forms of a report. */
const REPORTS = { codequality: codeQuality, github: githubCommands } as const;

/** Returns the report of diagnostics. */
export function reportText(form: keyof typeof REPORTS, diagnostics: readonly Diagnostic[], cwd: string): string {
  return REPORTS[form](findingsOf(diagnostics, undefined, cwd));
}

interface Report {
  readonly form: keyof typeof REPORTS;
  /** Path of the file; undefined for the standard output. */
  readonly path: string | undefined;
}

/** Reads the values of `--report`, and checks that the files can be written. */
export function prepareReports(values: readonly string[], environment: CliEnvironment): readonly Report[] {
  return values.map((text) => {
    const [, form = "", file = ""] = /^([a-z]+)=(.+)$/s.exec(text) ?? [];
    if (!Object.hasOwn(REPORTS, form)) throw badReport(text, Object.keys(REPORTS));
    const path = file === "-" ? undefined : hostPath(environment, file);
    if (path !== undefined) checkFileDestination(path, " for --report");
    return { form: form as keyof typeof REPORTS, path };
  });
}

/** Writes the reports of a build or a check that has ended, well or with `error`. */
export async function writeReports(
  reports: readonly Report[],
  { warnings, error }: { readonly warnings: readonly Diagnostic[]; readonly error?: unknown },
  environment: CliEnvironment,
): Promise<void> {
  const findings = findingsOf(warnings, error, environment.cwd);
  for (const { form, path } of reports) {
    const text = REPORTS[form](findings);
    if (path === undefined) await print(environment.stdout, text);
    else await writeResult(path, text, "report", environment);
  }
}
