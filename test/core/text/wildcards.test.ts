import test from "ava";
import fc from "fast-check";
import { PatternMatcher } from "../../../core/text/pattern-matcher.js";
import { compileStates, compileWildcards, simulate, type Wildcard } from "../../../core/text/wildcards.js";
import { compileComponent } from "../../../solver/ops/file/glob.js";

const element = fc.oneof<fc.Arbitrary<Wildcard>[]>(
  fc.constantFrom("a", "b", "/", "😀").map((char) => ({ kind: "literal", char }) as const),
  fc.constantFrom("[ab]", "[^a]", "[]").map((source) => ({ kind: "set", source }) as const),
  fc.constantFrom("one" as const, "run" as const, "path" as const, "directories" as const).map((kind) => ({ kind }) as const),
);
const text = fc.array(fc.constantFrom("a", "b", "/", "😀"), { maxLength: 8 }).map((chars) => chars.join(""));

test("both ways to match agree", (t) => {
  const few = fc.array(element, { maxLength: 6 }).filter((pattern) => pattern.filter(({ kind }) => /run|path|dir/.test(kind)).length <= 2);
  const agree = fc.property(few, text, (pattern, sample) => compileWildcards(pattern)(sample) === simulate(compileStates(pattern), sample));
  t.notThrows(() => fc.assert(agree, { numRuns: 2000 }));
});

const STARS = 30;
const literal = (char: string): Wildcard => ({ kind: "literal", char });

test("the steps of a pattern of many wildcards are at most its length times that of the text", (t) => {
  for (const kind of ["run", "path", "directories"] as const) {
    const pattern = [...Array.from({ length: STARS }, () => [{ kind }, literal("a")]).flat(), literal("b")];
    const states = compileStates(pattern);
    const sample = "a".repeat(1000);
    let steps = 0;
    t.false(simulate(states, sample, () => steps++));
    t.true(steps <= (states.length + 1) * sample.length, `${kind}: ${steps}`);
  }
});

// A RegExp would try about 10^20 ways for each of these: such a test would not end.
test("a name that nearly matches thirty stars is distinguished from one that does", (t) => {
  const pattern = `${"a*".repeat(STARS)}b`;
  const name = "a".repeat(200);
  t.false(new PatternMatcher([pattern]).matches(name));
  t.true(new PatternMatcher([pattern]).matches(`${name}b`));
  t.false(new PatternMatcher([`${"**/a".repeat(STARS)}/b`]).matches(`${"a/".repeat(200)}c`));
  t.true(new PatternMatcher([`${"**/a/".repeat(STARS)}b`]).matches(`${"a/".repeat(200)}b`));
  t.false(compileComponent(pattern)(name));
  t.true(compileComponent(pattern)(`${name}b`));
});
