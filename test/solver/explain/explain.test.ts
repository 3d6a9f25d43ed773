import test from "ava";
import { RUN, identity } from "./compared-steps.js";
import { explain } from "./explained-step.js";

test("no cache wanted, too old, found", (t) => {
  t.like(explain([], { because: "ignored" }, { ignoreReason: "--no-cache was given" }), {
    outcome: "ran",
    reason: "no-cache",
    text: "--no-cache was given",
  });
  t.like(explain([], { because: "expired" }), { reason: "expired", text: "its result is older than 90s" });
  t.like(explain([{ name: "a", identity: "", build: "b1" }], { kind: "found" } as never), {
    outcome: "cached",
    reason: "found",
    text: "found the result of build b1",
    record: { id: 1, build: "b1" },
  });
  t.like(explain([{ name: "a", identity: "" }], { kind: "found" } as never), { text: "found a result that another machine made" });
  t.like(explain([], { kind: "found" } as never), { outcome: "cached", text: "an earlier result was found" });
});

test("long lists are cut in the text, and bounded as data", (t) => {
  const env = (value: string) => Array.from({ length: 60 }, (_, i) => `V${i}=${value}`);
  const found = explain([{ name: "[2/3] RUN make", identity: identity({ ...RUN, env: env("a") }) }], {
    identity: identity({ ...RUN, env: env("b") }),
  });
  t.is(found?.text, 'ENV V0 went from "a" to "b"; ENV V1 went from "a" to "b"; ENV V2 went from "a" to "b"; and 57 more');
  t.is(found?.changes.length, 50);
});
