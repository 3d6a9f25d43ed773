import { cleanPath } from "../../../core/text/pattern-matcher.js";

/** A pattern, and the line of the file that it stands in, counted from 1. */
export interface IgnoreLine {
  readonly pattern: string;
  readonly line: number;
}

/**
 * The patterns of an ignore file, in order: one a line, `#` in the first column is a comment. Blanks around are dropped, paths cleaned, a leading
 * slash means the root, which they start from anyway.
 */
export function readIgnoreLines(text: string): IgnoreLine[] {
  const patterns: IgnoreLine[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    if (line.startsWith("#")) continue;
    let pattern = line.trim();
    if (pattern === "") continue;
    const inverted = pattern.startsWith("!");
    if (inverted) pattern = pattern.slice(1).trim();
    if (pattern !== "") {
      pattern = cleanPath(pattern);
      if (pattern.length > 1 && pattern.startsWith("/")) pattern = pattern.slice(1);
    }
    patterns.push({ pattern: inverted ? `!${pattern}` : pattern, line: index + 1 });
  }
  return patterns;
}
