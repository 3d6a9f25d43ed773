import { cleanPath } from "../../core/pattern-matcher.js";

/**
 * The patterns of an ignore file, in order: one a line, `#` in the first column is a comment. Blanks around are dropped, paths cleaned, a leading
 * slash means the root, which they start from anyway.
 */
export function readIgnorePatterns(text: string): string[] {
  const patterns: string[] = [];
  for (const line of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    let pattern = line.trim();
    if (pattern === "") continue;
    const inverted = pattern.startsWith("!");
    if (inverted) pattern = pattern.slice(1).trim();
    if (pattern !== "") {
      pattern = cleanPath(pattern);
      if (pattern.length > 1 && pattern.startsWith("/")) pattern = pattern.slice(1);
    }
    patterns.push(inverted ? `!${pattern}` : pattern);
  }
  return patterns;
}
