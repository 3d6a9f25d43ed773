import test from "ava";
import { type ExpandOptions, expandWord, type Variables } from "../../../frontend/dockerfile/values/expand.js";
import { ExpansionError } from "../../../frontend/dockerfile/values/expansion-error.js";

function variables(values: Readonly<Record<string, string>>): Variables {
  return { get: (name) => values[name], names: () => Object.keys(values) };
}

const VALUES = variables({
  HOME: "/root",
  EMPTY: "",
  PWD: "/pwd",
  V: "xxyy.txt",
  P: "/usr/local/bin/x.tar.gz",
  STAR: "a*b",
  SP: "a b  c",
  KOREAN: "한국어",
  NULL: "",
});

const WORDS: readonly (readonly [word: string, expected: string | RegExp, options?: Partial<ExpandOptions>])[] = [
  ["hello", "hello"],
  ["he'll'o", "hello"],
  ["he'llo", /single quote/],
  ["he\\'llo", "he'llo"],
  ["he\\\\'llo", /single quote/],
  ['"hello"', "hello"],
  ['"he\'llo"', "he'llo"],
  ['"he\\"llo"', 'he"llo'],
  ['"hel\\lo"', "hel\\lo"],
  ['"hello', /double quote/],
  ["'he$HOME'", "he$HOME"],
  ['"he$HOME"', "he/root"],
  ["he$HOME", "he/root"],
  ["he$HOMEx", "he"],
  ["he${HOME}x", "he/rootx"],
  ["he$$", "he"],
  ["he\\$HOME", "he$HOME"],
  ["$", "$"],
  ["he$.", "he$."],
  ["a$1b", "ab"],
  ["$10x", "x"],
  ["${}", /names no variable/],
  ["${{HOME}", /names no variable/],
  ["${:HOME}", /names no variable/],
  ["${HOME", /"}" is missing/],
  ["${", /"}" is missing/],
  ["${HOME:-x}", "/root"],
  ["${EMPTY:-x}", "x"],
  ["${EMPTY-x}", ""],
  ["${NOPE-x}", "x"],
  ["${NOPE:-${HOME}}", "/root"],
  ["${NOPE:-'a b'}", "a b"],
  ["${NOPE:-a\\}b}", "a}b"],
  ["${HOME:+x}", "x"],
  ["${EMPTY:+x}", ""],
  ["${EMPTY+x}", "x"],
  ["${NOPE+x}", ""],
  ["${NOPE:?}", /NOPE: is not allowed to be unset/],
  ["${EMPTY:?}", /EMPTY: is not allowed to be empty/],
  ["${EMPTY?}", ""],
  ["${NOPE?message}", /NOPE: message/],
  ["${HOME:?x}", "/root"],
  ["${V#x}", "xyy.txt"],
  ["${V#*y}", "y.txt"],
  ["${V##*y}", ".txt"],
  ["${V#?}", "xyy.txt"],
  ["${V%.txt}", "xxyy"],
  ["${P%.*}", "/usr/local/bin/x.tar"],
  ["${P%%.*}", "/usr/local/bin/x"],
  ["${P##*/}", "x.tar.gz"],
  ["${P%/*}", "/usr/local/bin"],
  ["${STAR%\\*b}", "a"],
  ["${STAR#a\\*}", "b"],
  ["${NOPE#x}", ""],
  ["${V#[x]}", "xxyy.txt"],
  ["${V#\\d}", /invalid/],
  ["${KOREAN%?}", "한국"],
  ["${V/x/z}", "zxyy.txt"],
  ["${V//x/z}", "zzyy.tzt"],
  ["${V//x/}", "yy.tt"],
  ["${V/y*/!}", "xx!"],
  ["${P//\\//-}", "-usr-local-bin-x.tar.gz"],
  ["${V/x}", /"\/" is missing/],
  ["${V:#x}", /":#" is not a modifier/],
  ["${V:x}", /":x" is not a modifier/],
  ["${V=x}", /"=" is not a modifier/],
  ["${V^}", /"\^" is not a modifier/],
  ["he`$HOME", "he$HOME", { escape: "`" }],
  ["C:\\x\\$PWD", "C:\\x\\/pwd", { escape: "`" }],
  ["안녕\\세상", "안녕세상"],
  ["안${KOREAN}", "안한국어"],
  ["'a' \"b\" \\c", "'a' \"b\" \\c", { rawQuotes: true, rawEscapes: true }],
  ["$NOPE ${NOPE} ${NOPE:-x} ${NOPE/a/b}", "$NOPE ${NOPE} ${NOPE:-x} ${NOPE/a/b}", { skipUnset: true }],
  ['it\'s "$HOME"', 'it\'s "/root"', { ignoreQuotes: true }],
];

test("words", (t) => {
  for (const [word, expected, options] of WORDS) {
    const run = (): string => expandWord(word, VALUES, { escape: "\\", ...options }).text;
    if (typeof expected === "string") t.is(run(), expected, word);
    else t.regex(t.throws(run, { instanceOf: ExpansionError }, word)?.message ?? "", expected, word);
  }
});

test("splitting: variables split, quotes keep together", (t) => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["", []],
    ["  a  b ", ["a", "b"]],
    ["'a b' c", ["a b", "c"]],
    ["$SP", ["a", "b", "c"]],
    ['"$SP"x', ["a b  cx"]],
    ["a$SP", ["aa", "b", "c"]],
    ["a\\ b", ["a b"]],
    ["$EMPTY", []],
    ['""', []],
  ];
  for (const [word, expected] of cases) t.deepEqual(expandWord(word, VALUES, { escape: "\\" }).words, expected, word);
});

test("an expansion has an end", (t) => {
  const values = variables({ A: "x".repeat(1 << 20) });
  t.throws(() => expandWord("$A".repeat(9), values, { escape: "\\" }), { message: /more than/ });
});

test("it says which variables were there", (t) => {
  const { matched, unmatched } = expandWord("$HOME ${NOPE:-$EMPTY} '$PWD'", VALUES, { escape: "\\" });
  t.deepEqual([...matched], ["HOME", "EMPTY"]);
  t.deepEqual([...unmatched], ["NOPE"]);
});
