import test from "ava";
import fc from "fast-check";
import { PatternError } from "../../../frontend/hcl/patterns/parse.js";
import { compilePattern } from "../../../frontend/hcl/patterns/pattern.js";

/** Patterns that mean the same in JavaScript, with a text. */
const ALIKE: readonly (readonly [pattern: string, text: string])[] = [
  ["a|ab|abc", "abc"],
  ["(a|ab)(c|bcd)(d*)", "abcd"],
  ["a*?b+?c??", "aabbc"],
  ["(?:x{2,3}|y)+", "xxxxxyxx"],
  ["x{0}y{2}z{1,}", "yyzzz"],
  ["^(\\w+)@(\\w+)\\.com$", "me@example.com"],
  ["[^a-c\\d_]+", "ab1_xyz-"],
  ["[\\]\\-x]+", "a]-xb"],
  ["\\bfoo\\B", "foo food"],
  ["(a)|(b)|c", "cba"],
  ["\\x41\\x{1F600}|\\n|\\.|\\t", "A\u{1F600}"],
  ["\\p{Lu}\\P{L}", "aB1"],
  ["(?:)", ""],
  [".+", "one\ntwo"],
  ["(a(b(c)))+", "abcabc"],
  ["[-a]+[a-]", "--a"],
];

const groupsOf = (pattern: string, text: string) =>
  [...compilePattern(pattern).matches(text)].map(({ text: whole, groups }) => [whole, ...groups]);

for (const [pattern, text] of ALIKE) {
  test(`patterns: ${JSON.stringify(pattern)}`, (t) => {
    const regexp = new RegExp(pattern.replaceAll("\\x{", "\\u{"), "gu");
    const expected = [...text.matchAll(regexp)].map((match) => [...match]);
    t.deepEqual(groupsOf(pattern, text), expected);
  });
}

test("patterns: random ones match what JavaScript's do", (t) => {
  const atom = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "\\w", "^", "$", "\\b");
  const pattern = fc.letrec<{ all: string; one: string }>((tie) => ({
    one: fc.oneof(
      { depthSize: "small" },
      atom,
      tie("all").map((inner) => `(${inner})`),
      tie("all").map((inner) => `(?:${inner})`),
    ),
    all: fc.oneof(
      { depthSize: "small" },
      atom,
      fc.tuple(tie("one"), tie("one")).map((parts) => parts.join("")),
      fc.tuple(tie("one"), tie("one")).map((parts) => parts.join("|")),
      // JavaScript forgets groups when a part repeats, so what repeats is one character here.
      fc
        .tuple(fc.constantFrom("a", "b", ".", "[ab]"), fc.constantFrom("*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}"))
        .map((parts) => parts.join("")),
    ),
  })).all;
  fc.assert(
    fc.property(pattern, fc.string({ unit: fc.constantFrom("a", "b", "c", "\n"), maxLength: 8 }), (source, text) => {
      const expected = new RegExp(source, "u").exec(text);
      const found = compilePattern(source).matches(text).next();
      t.deepEqual(
        found.done ? undefined : [found.value.text, ...found.value.groups],
        expected ? [...expected] : undefined,
        `${source} on ${JSON.stringify(text)}`,
      );
    }),
    { numRuns: 500 },
  );
});

/** Patterns that Go has and JavaScript has not, or in another way. */
const OWN: readonly (readonly [pattern: string, text: string, found: readonly (readonly (string | undefined)[])[]])[] = [
  ["a*", "aab", [["aa"], [""]]],
  ["(?i)é+[x-z]", "ÉéY", [["ÉéY"]]],
  ["(?s).+", "a\nb", [["a\nb"]]],
  ["(?m)^b$", "a\nb\nc", [["b"]]],
  ["a(?i:B)c", "aBc abc abC", [["aBc"], ["abc"]]],
  ["(?U)a+", "aaa", [["a"], ["a"], ["a"]]],
  ["[[:alpha:]_]+[[:digit:]]", "a_1", [["a_1"]]],
  ["\\Aab\\z", "ab", [["ab"]]],
  ["\\Qa.b*\\E+", "a.b**", [["a.b**"]]],
  ["\\pL+\\p{Greek}", "abγ", [["abγ"]]],
];

for (const [pattern, text, found] of OWN) {
  test(`patterns: of Go's alone: ${JSON.stringify(pattern)}`, (t) => t.deepEqual(groupsOf(pattern, text), found));
}

test("patterns: names of groups", (t) => {
  t.deepEqual(compilePattern("(?P<a>x)(y)(?<b>z)").names, ["a", undefined, "b"]);
});

test("patterns: a hostile pattern ends by its number of steps", (t) => {
  for (const pattern of ["(a+)+$", "^(a|a)*$", "(.*)*(.*)*(.*)*x", "(a|aa)+$", "(?:a?){50}a{50}$"])
    t.deepEqual(groupsOf(pattern, `${"a".repeat(2000)}!`), [], pattern);
  t.throws(() => groupsOf("(?:(?:a?){90}){100}$", `${"a".repeat(20_000)}!`), { instanceOf: PatternError, message: /too many steps/ });
  t.throws(() => groupsOf("(a?)".repeat(4000) + "$", `${"a".repeat(500)}!`), { instanceOf: PatternError, message: /too many steps/ });
  t.throws(() => compilePattern("((a{1000}){1000}){1000}"), { instanceOf: PatternError, message: /too long/ });
  t.throws(() => compilePattern("(".repeat(100_000)), { instanceOf: PatternError, message: /too deep/ });
});

const REFUSED = [
  "(",
  ")",
  "[a",
  "a**",
  "*",
  "a{2,1}",
  "a{2000}",
  "(?=a)",
  "(?<!a)",
  "(a)\\1",
  "\\",
  "\\q",
  "[[:nope:]]",
  "[b-a]",
  "\\p{Nope}",
];

for (const pattern of REFUSED) {
  test(`patterns: refused: ${pattern}`, (t) => void t.throws(() => compilePattern(pattern), { instanceOf: PatternError }));
}
