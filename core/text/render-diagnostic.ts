import type { Diagnostic, Severity, SourceFile, SourceRange } from "../diagnostics.js";
import { coveredUserinfo } from "./address.js";
import { printable, printableLines } from "./printable.js";
import { sourceLines } from "./source-lines.js";

/** Colours for a terminal; the default leaves the text plain. */
export interface DiagnosticStyle {
  readonly severity: (severity: Severity, text: string) => string;
  readonly faint: (text: string) => string;
}

const PLAIN: DiagnosticStyle = { severity: (_severity, text) => text, faint: (text) => text };

/** Longer ranges show their first lines, an ellipsis and the last line. */
const MAX_LINES = 6;
/** A line is cut around its marker when it is wider than this. */
const MAX_WIDTH = 160;

/**
 * Returns a diagnostic as text, without a final newline:
 *
 * ```
 * error[dockerfile/unknown-stage]: Cannot copy from "biulder": no stage has that name
 *   Dockerfile:7:13
 *    6 | FROM scratch
 *    7 | COPY --from=biulder /app /app
 *      |             ^^^^^^^
 * hint: did you mean "builder" (line 1)?
 * ```
 */
export function renderDiagnostic(diagnostic: Diagnostic, style: DiagnosticStyle = PLAIN): string {
  const label = diagnostic.rule ? `${diagnostic.severity}[${diagnostic.rule}]` : `${diagnostic.severity}[${diagnostic.code}]`;
  const lines = [`${style.severity(diagnostic.severity, label)}: ${printable(diagnostic.message)}`];
  if (diagnostic.source && diagnostic.range) lines.push(...frame(diagnostic.source, diagnostic.range, true, diagnostic.severity, style));
  for (const related of diagnostic.related ?? []) {
    lines.push(`${style.faint("note")}: ${printable(related.message)}`);
    lines.push(...frame(related.source, related.range, false, diagnostic.severity, style));
  }
  if (diagnostic.hint) lines.push(`${style.faint("hint")}: ${printableLines(diagnostic.hint)}`);
  if (diagnostic.url) lines.push(`${style.faint("see")}: ${diagnostic.url}`);
  return lines.join("\n");
}

/**
 * Returns diagnostics as texts. Errors of one code with one hint, such as those of ten images on a
 * machine without network, have the hint once.
 */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], style?: DiagnosticStyle): readonly string[] {
  const given = new Set<string>();
  return diagnostics.map((diagnostic) => {
    const { hint, ...rest } = diagnostic;
    const key = `${diagnostic.code}\n${hint}`;
    const repeated = diagnostic.severity === "error" && given.has(key);
    given.add(key);
    return renderDiagnostic(repeated ? rest : diagnostic, style);
  });
}

function frame(source: SourceFile, range: SourceRange, context: boolean, severity: Severity, style: DiagnosticStyle): string[] {
  const text = sourceLines(source);
  const lineText = (line: number): string => visible(coveredUserinfo((text[line - 1] ?? "").replace(/\r$/, "").replace(/^\uFEFF/, "")));
  // An end in column 1 belongs to the line before: the range ends with the newline of that line.
  const lastLine = range.endColumn === 1 && range.endLine > range.line ? range.endLine - 1 : range.endLine;
  const out = [`  ${printable(source.name)}:${range.line}:${range.column}`];
  const width = Math.max(2, String(lastLine).length);
  const gutter = (line: number | undefined): string =>
    style.faint(`  ${line === undefined ? " ".repeat(width) : String(line).padStart(width)} |`);
  if (context && range.line > 1) out.push(`${gutter(range.line - 1)} ${cut(lineText(range.line - 1), 0)}`.trimEnd());
  for (let line = range.line; line <= lastLine; line++) {
    const shown = lastLine - range.line < MAX_LINES || line < range.line + MAX_LINES - 2 || line === lastLine;
    if (!shown) {
      out.push(`${gutter(undefined)} …`);
      line = lastLine - 1;
      continue;
    }
    const raw = lineText(line);
    const from = line === range.line ? range.column - 1 : raw.length - raw.trimStart().length;
    const to = line === lastLine && lastLine === range.endLine ? range.endColumn - 1 : raw.length;
    const shift = Math.max(0, Math.min(from - MAX_WIDTH / 2, raw.length - MAX_WIDTH));
    out.push(`${gutter(line)} ${cut(raw, shift)}`.trimEnd());
    const length = Math.max(1, Math.min(to, raw.length) - from);
    const marker = " ".repeat(Math.max(0, from - shift)) + "^".repeat(Math.min(length, MAX_WIDTH - (from - shift)));
    out.push(`${gutter(undefined)} ${style.severity(severity, marker)}`);
  }
  return out;
}

/**
 * Replaces each special character by one column, so that markers line up. Control characters do not
 * reach the terminal, and commands do not reach a CI runner.
 */
function visible(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return line
    .replace(/\t/g, " ")
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]|(?<=#)#(?=\[|vso\[)/gi, "\ufffd");
}

function cut(line: string, shift: number): string {
  return line.length - shift > MAX_WIDTH ? `${line.slice(shift, shift + MAX_WIDTH - 1)}…` : line.slice(shift);
}
