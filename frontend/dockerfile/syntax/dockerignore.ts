import { cleanPath } from "../../../core/text/pattern-matcher.js";

/** A pattern with the number of its line in the file, from 1. */
export interface IgnoreLine {
  readonly pattern: string;
  readonly line: number;
}

/**
 * Reads the patterns of an ignore file, in order: one a line; `#` in the first column begins a
 * comment. Drops blanks around them, cleans paths, and drops a leading slash, because patterns
 * start from the root anyway.
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
