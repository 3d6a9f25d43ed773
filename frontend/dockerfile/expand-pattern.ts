/**
 * A shell wildcard as a RegExp: `*` any characters, `?` one, `\` before these two and itself; no bracket sets.
 * Throws a `SyntaxError` for any other escape.
 */
export function wildcardRegExp(
  pattern: string,
  options: { readonly greedy: boolean; readonly anchored?: boolean; readonly flags?: string },
): RegExp {
  const chars = [...pattern];
  let expression = options.anchored ? "^" : "";
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] as string;
    if (char === "*") expression += options.greedy ? "[^\\n]*" : "[^\\n]*?";
    else if (char === "?") expression += "[^\\n]";
    else if (char === "\\") {
      // `}` and `/` had to be escaped to be part of ${…}: that escape is not the pattern's.
      if (chars[i + 1] === "}" || chars[i + 1] === "/") continue;
      const escaped = chars[++i];
      if (escaped !== "*" && escaped !== "?" && escaped !== "\\") throw new SyntaxError(`nothing to escape in "\\${escaped ?? ""}"`);
      expression += `\\${escaped}`;
    } else expression += char.replace(/[[\]{}.+()|^$/]/, "\\$&");
  }
  return new RegExp(expression, options.flags ?? "u");
}

/** `value` without the shortest or longest prefix that matches. */
export function trimPrefix(value: string, pattern: string, longest: boolean): string {
  const match = wildcardRegExp(pattern, { greedy: longest, anchored: true }).exec(value);
  return match ? value.slice(match[0].length) : value;
}

/** `value` without the shortest or longest suffix that matches. Both are reversed: a RegExp looks for the leftmost match only. */
export function trimSuffix(value: string, pattern: string, longest: boolean): string {
  return reverse(trimPrefix(reverse(value), reversePattern(pattern), longest));
}

function reverse(text: string): string {
  return [...text].reverse().join("");
}

/** Reversed, with every escape still in front of what it escapes. */
function reversePattern(pattern: string): string {
  return (pattern.match(/\\?./gsu) ?? []).reverse().join("");
}
