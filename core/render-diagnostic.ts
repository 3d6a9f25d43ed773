import type { Diagnostic, SourceFile, SourceRange } from "./diagnostics.js";

/** How parts of a text are marked; every function answers its argument, dressed for a terminal or as it is. */
export interface Paint {
  error(text: string): string;
  warning(text: string): string;
  strong(text: string): string;
  faint(text: string): string;
}

export const PLAIN: Paint = { error: (text) => text, warning: (text) => text, strong: (text) => text, faint: (text) => text };

/**
 * A diagnostic as people read it, without a final line end: headline with the code, the place, a frame of source lines, the hint.
 * Tabs in source lines become single blanks so that the marks stand under what they mark.
 */
export function renderDiagnostic(diagnostic: Diagnostic, paint: Paint = PLAIN): string {
  const lines = [`${paint[diagnostic.severity](`${diagnostic.severity}[${diagnostic.code}]`)}: ${paint.strong(diagnostic.message)}`];
  if (diagnostic.source && diagnostic.range) lines.push(...frame(diagnostic.source, diagnostic.range, paint, diagnostic.severity));
  else if (diagnostic.source) lines.push(`  ${diagnostic.source.name}`);
  for (const { message, source, range } of diagnostic.related ?? []) lines.push(`  ${message}:`, ...frame(source, range, paint, undefined));
  if (diagnostic.hint !== undefined) lines.push(`${paint.faint("hint:")} ${diagnostic.hint}`);
  if (diagnostic.url !== undefined) lines.push(`${paint.faint("see:")} ${diagnostic.url}`);
  return lines.join("\n");
}

/** Lines shown before the first marked one. */
const CONTEXT = 1;
/** A range over more lines is cut after these. */
const MOST_LINES = 6;

function frame(source: SourceFile, range: SourceRange, paint: Paint, severity: "error" | "warning" | undefined): string[] {
  const all = sourceLines(source.text);
  const first = Math.min(range.line, all.length);
  // A range that ends before the first column of a line does not reach into that line.
  const end = range.endColumn === 1 && range.endLine > range.line ? range.endLine - 1 : range.endLine;
  const last = Math.min(end, all.length, first + MOST_LINES - 1);
  const width = String(last).length;
  const gutter = (label: string): string => paint.faint(` ${label.padStart(width + 1)} |`);
  const result = [`  ${source.name}:${range.line}:${range.column}`];
  for (let number = Math.max(1, first - CONTEXT); number <= last; number++) {
    const text = (all[number - 1] ?? "").replaceAll("\t", " ");
    result.push(`${gutter(String(number))} ${text}`.trimEnd());
    if (number < first) continue;
    const from = number === first ? range.column - 1 : text.length - text.trimStart().length;
    const to = number === end ? range.endColumn - 1 : text.length;
    const marks = "^".repeat(Math.max(1, Math.min(to, Math.max(text.length, from + 1)) - from));
    result.push(`${gutter("")} ${" ".repeat(from)}${severity ? paint[severity](marks) : marks}`);
  }
  if (last < end && last < all.length) result.push(gutter("…").trimEnd());
  return result;
}

/**
 * BuildKit's excerpt of a Dockerfile around the instruction that failed, which tools that read build logs know. The lines of the range
 * are marked `>>>`.
 */
export function renderExcerpt(source: SourceFile, range: SourceRange): string {
  const lines = source.text.split("\n").map((line) => line.replace(/\r$/, ""));
  const first = Math.min(range.line, lines.length);
  const last = Math.min(
    Math.max(range.endColumn === 1 && range.endLine > range.line ? range.endLine - 1 : range.endLine, first),
    lines.length,
  );
  let from = first;
  let to = last;
  const padding = first === last ? 4 : 2;
  for (let added = 0; added < padding; added++) {
    if (from > 1) {
      from--;
      added++;
    }
    if (to < lines.length) {
      to++;
      added++;
    }
  }
  const rule = "-".repeat(20);
  const body = lines.slice(from - 1, to).map((line, index) => {
    const number = from + index;
    return ` ${String(number).padStart(3)} | ${number >= first && number <= last ? ">>>" : "   "} ${line}`;
  });
  return [`${source.name}:${first}`, rule, ...body, rule].join("\n");
}

function sourceLines(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.length > 1 && lines.at(-1) === "") lines.pop();
  return lines;
}
