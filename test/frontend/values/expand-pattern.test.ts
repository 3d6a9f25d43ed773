import test from "ava";
import fc from "fast-check";
import { replaceMatches, trimPrefix, trimSuffix } from "../../../frontend/dockerfile/values/expand-pattern.js";

/** Returns the same wildcard as a regular expression: right, but slow for some. */
function expression(pattern: string, greedy: boolean): string {
  return [...pattern]
    .map((char) => (char === "*" ? `[^\\n]*${greedy ? "" : "?"}` : char === "?" ? "[^\\n]" : char === "\n" ? "\\n" : char))
    .join("");
}

const TEXT = fc.string({ unit: fc.constantFrom("a", "b", "\n", "é"), maxLength: 14 });
const PATTERN = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "é"), maxLength: 6 });

test("wildcards match what a regular expression matches", (t) => {
  fc.assert(
    fc.property(TEXT, PATTERN, fc.boolean(), (value, pattern, longest) => {
      const prefix = new RegExp(`^${expression(pattern, longest)}`, "u").exec(value);
      t.is(trimPrefix(value, pattern, longest), prefix ? value.slice(prefix[0].length) : value);
      const reversed = (text: string) => [...text].reverse().join("");
      t.is(trimSuffix(reversed(value), reversed(pattern), longest), prefix ? reversed(value.slice(prefix[0].length)) : reversed(value));
      let end = -1;
      const replaced = value.replace(new RegExp(expression(pattern, true), "gu"), (match: string, offset: number) => {
        if (match === "" && offset === end) return "";
        end = offset + match.length;
        return "X";
      });
      t.is(replaceMatches(value, pattern, "X", true), replaced);
      t.is(replaceMatches(value, pattern, "X", false), value.replace(new RegExp(expression(pattern, true), "u"), "X"));
    }),
    { numRuns: 4000, seed: 7 },
  );
});

test("patterns with many stars end soon, or say that they do not", (t) => {
  const value = "a".repeat(30_000);
  t.is(replaceMatches(value, "*a*a*a*a*b", "x", true), value);
  t.is(trimPrefix(value, "*a*a*a*a*b", true), value);
  t.is(trimSuffix(value, "b*a*a*a*a*", false), value);
  t.throws(() => replaceMatches(value, `${"a".repeat(20_000)}b`, "x", true), { instanceOf: SyntaxError, message: /too long/ });
});
