import test from "ava";
import { CommandGuard } from "../../cli/output/command-guard.js";
import { printable, printableLines } from "../../core/text/printable.js";

const CASES: readonly (readonly [text: string, bare: string, prefixed: string])[] = [
  ["plain\ntext:: #1 ## x\n", "plain\ntext:: #1 ## x\n", "plain\ntext:: #1 ## x\n"],
  ["::error::x\n", "\\x3a:error::x\n", "::error::x\n"],
  ["a\n  \t::set-env\n", "a\n  \t\\x3a:set-env\n", "a\n  \t::set-env\n"],
  ["a\r::error::x\n", "a\r\\x3a:error::x\n", "a\r\\x3a:error::x\n"],
  ["a\r \r::x", "a\r \r\\x3a:x", "a\r \r\\x3a:x"],
  [
    "a ##vso[task.x]b ##[error]c ##VSO[d",
    "a #\\x23vso[task.x]b #\\x23[error]c #\\x23VSO[d",
    "a #\\x23vso[task.x]b #\\x23[error]c #\\x23VSO[d",
  ],
  ["###[x\n##\n[x #", "##\\x23[x\n##\n[x #", "##\\x23[x\n##\n[x #"],
  [":\n:\n: :", ":\n:\n: :", ":\n:\n: :"],
];

/** Yields all ways to cut a text in two, and into single characters. */
function* cuts(text: string): Generator<readonly string[]> {
  for (let at = 0; at <= text.length; at++) yield [text.slice(0, at), text.slice(at)];
  yield [...text];
}

for (const [text, bare, prefixed] of CASES) {
  test(`no command is left, however the output is cut: ${JSON.stringify(text)}`, (t) => {
    for (const pieces of cuts(text)) {
      for (const [expected, guard] of [
        [bare, new CommandGuard({ prefixed: false })],
        [prefixed, new CommandGuard({ prefixed: true })],
      ] as const) {
        t.is(pieces.map((piece) => guard.write(piece)).join("") + guard.end(), expected, JSON.stringify(pieces));
      }
    }
  });
}

test("text from elsewhere is one line in which everything is seen", (t) => {
  t.is(printable("a\u001b[31mb\nc\td\r\u0007\u009b\u2028\u202e"), "a\\x1b[31mb\\nc\\td\\r\\x07\\x9b\\u{2028}\\u{202e}");
  t.is(printable("::error::x ##[group]y ##vso[z"), "\\x3a:error::x #\\x23[group]y #\\x23vso[z");
  t.is(printable("üñí 日本 👍 \\n"), "üñí 日本 👍 \\n");
  t.is(printableLines("a\n\t::b\u001b\n::c"), "a\n\t\\x3a:b\\x1b\n\\x3a:c");
});
