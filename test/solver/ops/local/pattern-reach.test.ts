import test from "ava";
import { PatternReach } from "../../../../solver/ops/local/pattern-reach.js";

const ROWS: readonly (readonly [pattern: string, directory: string, reached: boolean])[] = [
  ["*/target/*.jar", ".git", true],
  ["*/target/*.jar", ".git/home", false],
  ["*/target/*.jar", "m/target", true],
  ["*/target/*.jar", "m/target/x.jar", true],
  ["*/target/*.jar", "m/target/classes", false],
  ["a/b/c", "a", true],
  ["a/b/c", "a/b", true],
  ["a/b/c", "b", false],
  ["a/b/c", "a/c", false],
  ["a", "a/b/c", true],
  ["a*", "ab/c", true],
  ["a*", "b", false],
  ["**/x", "any/where", true],
  ["a/**/x", "a/b/c", true],
  ["a/**/x", "b/c", false],
  ["a**b", "azz/deep", true],
  ["[ab]/x", "a", true],
  ["[ab]/x", "c", false],
  ["\\*/x", "*", true],
  ["\\*/x", "a", false],
];

for (const [pattern, directory, reached] of ROWS) {
  test(`${pattern} ${reached ? "reaches into" : "cannot reach into"} ${directory}`, (t) => {
    t.is(new PatternReach([pattern]).into(directory), reached);
    t.is(new PatternReach(["nothing/like/it", pattern]).into(directory), reached);
  });
}
