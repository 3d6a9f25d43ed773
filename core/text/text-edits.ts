import type { Fix, TextEdit } from "../diagnostics.js";

/**
 * Applies fixes. The edits of one fix are applied together or not at all. An edit that repeats an
 * earlier one is applied once.
 */
export function applyFixes<F extends { readonly fix: Fix }>(
  text: string,
  items: readonly F[],
): { readonly text: string; readonly applied: readonly F[] } {
  const edits: TextEdit[] = [];
  const applied: F[] = [];
  for (const item of items) {
    const added = item.fix.edits.filter((edit) => !edits.some((other) => isSame(edit, other)));
    if (added.some((edit) => edits.some((other) => overlaps(edit, other)))) continue;
    edits.push(...added);
    applied.push(item);
  }
  return { text: applyEdits(text, edits), applied };
}

/** Returns the text with the edits applied; they must not overlap. */
function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const pieces: string[] = [];
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.range.start - b.range.start)) {
    pieces.push(text.slice(at, edit.range.start), edit.text);
    at = edit.range.end;
  }
  return [...pieces, text.slice(at)].join("");
}

/**
 * Returns the one line that edits change, after the change. Returns undefined when they touch or
 * make several lines.
 */
export function fixedLine(text: string, edits: readonly TextEdit[]): string | undefined {
  const first = edits[0];
  if (!first) return undefined;
  const start = text.lastIndexOf("\n", first.range.start - 1) + 1;
  const newline = text.indexOf("\n", start);
  const end = newline === -1 ? text.length : newline;
  if (edits.some((edit) => edit.range.start < start || edit.range.end > end || edit.text.includes("\n"))) return undefined;
  const moved = edits.map((edit) => ({ ...edit, range: { ...edit.range, start: edit.range.start - start, end: edit.range.end - start } }));
  return applyEdits(text.slice(start, end), moved).trim();
}

function isSame(a: TextEdit, b: TextEdit): boolean {
  return a.text === b.text && a.range.start === b.range.start && a.range.end === b.range.end;
}

/**
 * Returns true for edits that overlap. Insertions at one place overlap too: their order would be
 * arbitrary.
 */
function overlaps(a: TextEdit, b: TextEdit): boolean {
  if (a.range.start === b.range.start) return true;
  return a.range.start < b.range.end && b.range.start < a.range.end;
}
