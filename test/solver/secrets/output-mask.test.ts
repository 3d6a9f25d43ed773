import test from "ava";
import fc from "fast-check";
import { OutputMask } from "../../../solver/secrets/output-mask.js";

function cover(secrets: readonly string[], chunks: readonly string[]): string {
  const mask = new OutputMask(secrets.map((secret) => Buffer.from(secret)));
  return Buffer.concat([...chunks.map((chunk) => mask.cover(Buffer.from(chunk))), mask.end()]).toString("utf8");
}

test("values are covered, across chunks, without their line break, and line by line", (t) => {
  t.is(cover(["hunter2\n"], ["a hunter2 b"]), "a **** b");
  t.is(cover(["hunter2"], ["a hun", "ter", "2hunter", "3"]), "a ****hunter3");
  t.is(cover(["BEGIN KEY\nlongenough\nend\n"], ["longenough\nend\n"]), "****\nend\n");
  t.is(cover(["abcd", "abcdef"], ["abcd", "ef abcd"]), "**** ****");
  t.is(cover(["sécret"], ["un sécret"]), "un ****");
});

test("values that are too short to mean anything are left", (t) => {
  t.is(cover(["a", "yes", ""], ["yes, a"]), "yes, a");
  t.true(new OutputMask([Buffer.from("abc")]).empty);
});

test("how output is cut into chunks makes no difference, and no value is left in it", (t) => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 0, maxLength: 30 });
  const secrets = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 4, maxLength: 6 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(secrets, fc.array(letters, { maxLength: 6 }), (values, chunks) => {
      const whole = cover(values, [chunks.join("")]);
      t.is(cover(values, chunks), whole);
      for (const value of values) t.false(whole.includes(value), `${value} in ${whole}`);
    }),
    { numRuns: 300 },
  );
});
