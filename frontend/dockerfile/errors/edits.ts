import type { Fix, SourceRange, TextEdit } from "../../../core/diagnostics.js";
import type { Word } from "../ast.js";

/**
 * Replaces a word. Returns undefined when the file has the word in another form: continued over
 * lines, quoted in JSON, or expanded from an ONBUILD trigger.
 */
export function replaceWord(word: Word, text: string): TextEdit | undefined {
  return isPlain(word) ? { range: word.range, text } : undefined;
}

/**
 * Returns the place of a part of a word, or of the whole word when the file has it in another form.
 */
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

/**
 * Returns the place of the first use of a variable in a word: `$NAME` or `${NAME`. Returns
 * undefined when the file has the word in another form.
 */
export function variableRange(word: Word, name: string): SourceRange | undefined {
  if (!isPlain(word) || word.range.line !== word.range.endLine) return undefined;
  for (const found of word.text.matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g)) {
    if (found[1] === name) return partRange(word, found.index + found[0].length - name.length, found.index + found[0].length);
  }
  return undefined;
}

/** Returns a fix of edits; undefined when one of them could not be made. */
export function fixOf(title: string, edits: readonly (TextEdit | undefined)[], safe: boolean): Fix | undefined {
  const made = edits.filter((edit) => edit !== undefined);
  return made.length === edits.length && made.length > 0 ? { title, edits: made, safe } : undefined;
}

/** Returns true when a word stands in the file letter for letter. */
export function isPlain(word: Word): boolean {
  return word.range.end - word.range.start === word.text.length;
}
