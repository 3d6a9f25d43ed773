import type { SourceFile } from "../diagnostics.js";

const known = new WeakMap<SourceFile, readonly string[]>();

/**
 * Returns the lines of a text that diagnostics point into, without `\n`. Splits the text once: a
 * file may have thousands of diagnostics.
 */
export function sourceLines(source: SourceFile): readonly string[] {
  const lines = known.get(source) ?? source.text.split("\n");
  known.set(source, lines);
  return lines;
}
