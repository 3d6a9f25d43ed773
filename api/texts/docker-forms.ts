import type { CheckResult, LintWarning, Outline, OutlineMount, Target } from "../options/options.js";
import type { SourceFile, SourceRange } from "../../core/diagnostics.js";
import { printable, printableLines } from "../../core/text/printable.js";
import { renderExcerpt } from "../../core/text/excerpt.js";
import { renderTable } from "../../core/text/table.js";
import { jsonText } from "../../core/text/json-text.js";

/**
 * Returns warnings in the form that scripts know from docker buildx, letter for letter. Warnings
 * that BuildKit does not have follow.
 */

export function checkText({ source, warnings }: CheckResult): string {
  const docker = warnings.filter((warning) => warning.buildkit);
  const own = warnings.filter((warning) => !warning.buildkit);
  const blocks = (list: readonly LintWarning[]): string =>
    [...list]
      .sort((a, b) => a.lines[0] - b.lines[0])
      .map((warning) => block(warning, source))
      .join("");
  let text = `Check complete, ${docker.length === 0 ? "no warnings found." : `${count(docker.length)} been found!`}\n`;
  if (docker.length > 0) text += `\n${blocks(docker)}`;
  if (own.length > 0) {
    text += `${docker.length > 0 ? "" : "\n"}Rules that only tsbuild has found ${own.length} more (the exit code does not count them):\n\n${blocks(own)}`;
  }
  return text;
}

function count(number: number): string {
  return number === 1 ? "1 warning has" : `${number} warnings have`;
}

function block({ rule, url, message, lines: [first, last], range, hint, buildkit }: LintWarning, source: SourceFile): string {
  const page = url ?? (buildkit ? undefined : `tsbuild check --explain ${rule}`);
  const excerpt = range ? `${renderExcerpt(source, { ...range, line: first, endLine: last, endColumn: 2 })}\n` : "";
  return `WARNING: ${rule}${page === undefined ? "" : ` - ${page}`}\n${printable(message)}\n${buildkit || hint === undefined ? "" : `${printableLines(hint)}\n`}${excerpt}\n`;
}

export function checkJson(result: CheckResult): string {
  const of = (list: readonly LintWarning[]) =>
    list.map(({ rule, description, url, message, lines: [first, last], range }) => ({
      ruleName: rule,
      description,
      ...(url === undefined ? {} : { url }),
      detail: message,
      location: range ? location(first, last) : {},
    }));
  const docker = result.warnings.filter((warning) => warning.buildkit);
  const own = result.warnings.filter((warning) => !warning.buildkit);
  const [error] = result.errors;
  return json({
    warnings: docker.length === 0 ? null : of(docker),
    sources: [{ filename: fileName(result.source), data: base64(result.source), language: "Dockerfile" }],
    ...(error ? { buildError: buildError(error.message, error.range) } : {}),
    ...(result.errors.length > 1 ? { buildErrors: result.errors.map(({ message, range }) => buildError(message, range)) } : {}),
    ...(own.length === 0 ? {} : { advice: of(own) }),
  });
}

function buildError(message: string, range: SourceRange | undefined): object {
  return { message, location: range ? location(range.line, range.endLine) : {} };
}

export function outlineText({ name, description, args, secrets, ssh }: Outline): string {
  let text = "";
  if (name !== "" || description !== "") {
    text = `${alignColon(name === "" ? "default" : printable(name), printable(description))}\n`;
  }
  if (args.length > 0) {
    text += `${renderTable([["BUILD ARG", "VALUE", "DESCRIPTION"], ...args.map((arg) => [arg.name, arg.value, arg.description])])}\n`;
  }
  for (const [title, mounts] of [
    ["SECRET", secrets],
    ["SSH", ssh],
  ] as const) {
    if (mounts.length > 0)
      text += `${renderTable([[title, "REQUIRED"], ...mounts.map((mount) => [mount.name, mount.required ? "true" : ""])])}\n`;
  }
  return text;
}

/** Returns `TARGET:      build` in docker's two lines. */
function alignColon(name: string, description: string): string {
  const target = description === "" ? `TARGET:${" ".repeat(1)}${name}\n` : `TARGET:      ${name}\n`;
  return description === "" ? target : `${target}DESCRIPTION: ${description}\n`;
}

export function outlineJson(outline: Outline & { readonly source: SourceFile }): string {
  const mounts = (list: readonly OutlineMount[]) =>
    list.map(({ name, required, range }) => ({ name, ...(required ? { required } : {}), location: location(range.line, range.endLine) }));
  return json({
    ...present({ name: outline.name, description: outline.description }),
    ...(outline.args.length === 0
      ? {}
      : {
          args: outline.args.map(({ name, description, value, range }) => ({
            name,
            ...present({ description, value }),
            location: location(range.line, range.endLine),
          })),
        }),
    ...(outline.secrets.length === 0 ? {} : { secrets: mounts(outline.secrets) }),
    ...(outline.ssh.length === 0 ? {} : { ssh: mounts(outline.ssh) }),
    sources: [base64(outline.source)],
  });
}

export function targetsText(targets: readonly Target[]): string {
  const rows = targets.map(({ name, description, isDefault }) => [
    isDefault ? (name === "" ? "(default)" : `${name} (default)`) : name,
    description,
  ]);
  const all = [["TARGET", "DESCRIPTION"], ...rows.map((row) => row.map(printable))];
  const width = Math.max(...all.map(([name = ""]) => name.length));
  return all.map(([name = "", text = ""]) => `${name.padEnd(width)} ${text}\n`).join("");
}

export function targetsJson(targets: readonly Target[], source: SourceFile): string {
  return json({
    targets: targets.map(({ name, description, isDefault, base, platform, range }) => ({
      ...present({ name }),
      ...(isDefault ? { default: true } : {}),
      ...present({ description, base, platform }),
      location: location(range.line, range.endLine),
    })),
    sources: [base64(source)],
  });
}

/** Returns one range for each line. */
function location(first: number, last: number): object {
  return { ranges: Array.from({ length: last - first + 1 }, (_, i) => ({ start: { line: first + i }, end: { line: first + i } })) };
}

/** Drops the empty members, as Go's encoder does. */
function present(members: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== ""));
}

function base64({ text }: SourceFile): string {
  return Buffer.from(text).toString("base64");
}

function fileName({ name }: SourceFile): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** Returns JSON as Go prints it, with `<`, `>` and `&` escaped. */
function json(value: object): string {
  const escapes: Readonly<Record<string, string>> = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
  };
  return `${jsonText(value, 2).replace(/[<>&\u2028\u2029]/g, (char) => escapes[char] as string)}\n`;
}
