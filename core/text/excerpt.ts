import type { SourceFile, SourceRange } from "../diagnostics.js";
import { coveredUserinfo } from "./address.js";
import { printable, printableLines } from "./printable.js";
import { sourceLines } from "./source-lines.js";

/**
 * Lines that are added around the range, above and below taken together, for one marked line and
 * for several.
 */
const AROUND_ONE = 4;
const AROUND_MANY = 2;

/**
 * Returns BuildKit's excerpt of a Dockerfile around the instruction that failed, which people and
 * tools know from its logs. The lines of the range are marked `>>>`.
 */
export function renderExcerpt(source: SourceFile, range: SourceRange): string {
  const lines = sourceLines(source);
  const first = Math.min(range.line, lines.length);
  // A range that ends before the first column of a line does not reach into that line.
  const end = range.endColumn === 1 && range.endLine > range.line ? range.endLine - 1 : range.endLine;
  const last = Math.min(Math.max(end, first), lines.length);
  let from = first;
  let to = last;
  // A round counts as one line, whatever it adds: so BuildKit arrives at its number of lines.
  for (let added = 0; added < (first === last ? AROUND_ONE : AROUND_MANY); added++) {
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
    return ` ${String(number).padStart(3)} | ${number >= first && number <= last ? ">>>" : "   "} ${printableLines(coveredUserinfo(line.replace(/\r$/, "")))}`;
  });
  return [`${printable(source.name)}:${first}`, rule, ...body, rule].join("\n");
}
