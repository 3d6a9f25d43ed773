import test from "ava";
import { explanationLine } from "../../cli/output/explanation.js";

test("an explanation is one line, and moves no cursor", (t) => {
  const changed = (text: string) => explanationLine({ outcome: "ran", reason: "changed", text, changes: [] });
  t.is(changed("a\n  b changed (content)"), "ran because a b changed (content)");
  t.is(changed("\u001b[2J\u0007é\u009b was added"), "ran because \\x1b[2J\\x07é\\x9b was added");
  t.is(
    explanationLine({ outcome: "cached", reason: "found", text: "found it", changes: [], record: { createdAt: 0 } }),
    "cached: found it, made 1970-01-01 00:00:00 UTC",
  );
});
