import type { Fix, SourceRange, TextEdit } from "../../../core/diagnostics.js";
import type { Word } from "../ast.js";

/**
 * Replaces a word. Undefined when it is not in the file as the parser has it: continued over lines, quoted in JSON, or expanded from an ONBUILD trigger.
 */
export function replaceWord(word: Word, text: string): TextEdit | undefined {
  return isPlain(word) ? { range: word.range, text } : undefined;
}

/** The place of a part of a word; the whole word's when it is not in the file as the parser has it. */
export function partRange(word: Word, from: number, to: number): SourceRange {
  const { range } = word;
  if (!isPlain(word) || range.line !== range.endLine) return range;
  return {
    start: range.start + from,
    end: range.start + to,
    line: range.line,
    column: range.column + from,
    endLine: range.line,
    endColumn: range.column + to,
  };
}

/** The place of the first use of a variable in a word: `$NAME` or `${NAME`; undefined when it is not to be seen there. */
export function variableRange(word: Word, name: string): SourceRange | undefined {
  if (!isPlain(word) || word.range.line !== word.range.endLine) return undefined;
  for (const found of word.text.matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g)) {
    if (found[1] === name) return partRange(word, found.index + found[0].length - name.length, found.index + found[0].length);
  }
  return undefined;
}

/** A fix from edits that could be made; undefined when one of them could not. */
export function fixOf(title: string, edits: readonly (TextEdit | undefined)[], safe: boolean): Fix | undefined {
  const made = edits.filter((edit) => edit !== undefined);
  return made.length === edits.length && made.length > 0 ? { title, edits: made, safe } : undefined;
}

/** Whether a word stands in the file letter for letter. */
export function isPlain(word: Word): boolean {
  return word.range.end - word.range.start === word.text.length;
}
