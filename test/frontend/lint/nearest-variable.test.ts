import test from "ava";
import { NearestVariables } from "../../../frontend/dockerfile/lint/nearest-variable.js";

test("advice on unknown names does not compare each with all that are known", (t) => {
  const nearest = new NearestVariables();
  let compared = 0;
  function* known(): Generator<string> {
    for (let number = 0; number < 20_000; number++) {
      compared++;
      yield `known${number}`;
    }
  }
  const advice = Array.from({ length: 20_000 }, (_unused, number) => nearest.find(`knwn${number}`, known));
  t.is(advice[0], "known0");
  t.is(advice.at(-1), undefined);
  t.true(compared < 1_000_000, `${compared} comparisons`);
});
