import test from "ava";
import { suggest } from "../../../core/text/suggest.js";

const CASES: readonly (readonly [word: string, candidates: readonly string[], near: string | undefined])[] = [
  ["biuld", ["build", "builds"], "build"],
  ["BUILDER", ["builder"], "builder"],
  ["rm", ["rmi"], "rmi"],
  ["a", ["b"], undefined],
  ["a", ["A"], "A"],
  ["", ["a"], undefined],
  ["nope", ["ok", "note"], "note"],
  ["frobnicate", ["force"], undefined],
];

for (const [word, candidates, near] of CASES) {
  test(`"${word}" of ${candidates.join(", ")}: ${near ?? "none"}`, (t) => {
    t.is(suggest(word, candidates), near);
  });
}
