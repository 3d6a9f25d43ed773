import test from "ava";
import type { Decision, EngineVertex } from "../../../solver/engine/op.js";
import { deferred, FakeCache, grammarErrors, idle, Ops, run, steps, type Text, reported } from "./fakes.js";

function diamond(ops: Ops, over: Partial<Record<"a" | "b" | "c" | "d", Parameters<Ops["vertex"]>[1]>> = {}) {
  const a = ops.vertex("a", over.a);
  const b = ops.vertex("b", { inputs: [a], ...over.b });
  const c = ops.vertex("c", { inputs: [a], ...over.c });
  const d = ops.vertex("d", { inputs: [b, c], ...over.d });
  return { a, b, c, d };
}

test("a diamond: every vertex runs once, then none; all are reported as cached, inputs first", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const { d } = diamond(ops);
  const first = await run(cache, [d]);
  t.is(ops.take(), "a b c d");
  t.is(first.results.get("id:d"), "d(b(a()),c(a()))");
  t.is(steps(first.events, "completed"), "a b c d");
  cache.lookups = 0;
  const second = await run(cache, [d]);
  t.is(ops.take(), "");
  t.is(cache.lookups, 1, "only the target is looked up");
  t.deepEqual(reported(second.events), ["a:cached", "b:cached", "c:cached", "d:cached"]);
  t.deepEqual([...grammarErrors(first.events), ...grammarErrors(second.events)], []);
  t.is(second.results.get("id:d"), "d(b(a()),c(a()))");
});

test("an evicted middle is not missed below a cached target, and is run alone when something new needs it", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const { b, c, d } = diamond(ops);
  await run(cache, [d]);
  ops.take();
  cache.evict("b");
  await run(cache, [d]);
  t.is(ops.take(), "");
  const e = ops.vertex("e", { inputs: [b, c] });
  const { events } = await run(cache, [e]);
  t.is(ops.take(), "b e");
  t.is(steps(events, "cached"), "a c");
});

test("content: an unchanged selection hits although its producer ran again, and aliases grow", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const image = (source: string) => {
    const base = ops.vertex("base");
    const build = ops.vertex(`build ${source}`, { inputs: [base], run: () => `log of ${source}; out=42` });
    const copy = ops.vertex(`copy from ${source}`, {
      identity: "copy",
      inputs: [base, build],
      select: { 1: (text) => text.split("; ")[1] as string },
    });
    return ops.vertex(`final ${source}`, { identity: "final", inputs: [copy] });
  };
  const first = await run(cache, [image("one")]);
  t.is(ops.take(), "base build one copy from one final one");
  const second = await run(cache, [image("two")]);
  t.is(ops.take(), "build two");
  t.is(steps(second.events, "cached"), "base copy from two final two");
  t.is(second.results.get("id:final two"), first.results.get("id:final one"));
  // The new definitions lead straight to the old results now.
  cache.lookups = 0;
  await run(cache, [image("two")]);
  t.deepEqual([ops.take(), cache.lookups], ["", 1]);
});

test("equal results of different definitions merge through their primary keys", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  // Two stages whose copies select the same content; what follows has the same identity.
  const stage = (name: string) => {
    const files = ops.vertex(`files ${name}`, { run: () => `${name}|same` });
    const copy = ops.vertex(`copy ${name}`, { identity: "copy", inputs: [files], select: { 0: (text) => text.split("|")[1] as string } });
    return ops.vertex(`make ${name}`, { identity: "make", inputs: [copy] });
  };
  await run(cache, [stage("x")]);
  ops.take();
  await run(cache, [stage("y")]);
  t.is(ops.take(), "files y");
  // Also within one solve, where neither is in the cache beforehand.
  const fresh = new FakeCache();
  const both = await run(fresh, [stage("v"), stage("w")]);
  const ran = ops.take();
  t.is(ran.split("make").length - 1, 1, ran);
  t.is(ran.split("copy").length - 1, 1, ran);
  t.is(both.results.get("id:make v"), both.results.get("id:make w"));
  t.deepEqual(grammarErrors(both.events), []);
});

test("a local directory: its content is part of the definition, so a cached build above it runs nothing and looks up once", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const image = (files: string) => {
    const base = ops.vertex("base");
    const local = ops.vertex("local", { identity: null, immediate: true, run: () => files });
    const copy = ops.vertex("copy", { inputs: [base, local], select: { 1: (text) => text.split("|")[0] as string } });
    return ops.vertex("top", { inputs: [copy] });
  };
  const first = await run(cache, [image("src|junk")]);
  t.is(ops.take(), "base copy top");
  t.deepEqual(reported(first.events).slice(0, 2), ["local:started", "local:completed"]);
  cache.lookups = 0;
  const second = await run(cache, [image("src|other junk")]);
  t.deepEqual([ops.take(), cache.lookups], ["", 1]);
  t.deepEqual(reported(second.events), ["local:started", "local:completed", "base:cached", "copy:cached", "top:cached"]);
  await run(cache, [image("changed|junk")]);
  t.is(ops.take(), "copy top");
  t.is(ops.digests.length, 3, "the digest is asked once per solve");
});

test("an immediate vertex with an identity is asked only when something above it runs", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const base = ops.vertex("base", { immediate: true, ignoreCache: true });
  const top = ops.vertex("top", { inputs: [base] });
  await run(cache, [top]);
  t.deepEqual([ops.take(), ops.immediates.splice(0)], ["top", ["base"]]);
  const { events } = await run(cache, [top]);
  t.deepEqual([ops.take(), ops.immediates], ["", []]);
  t.is(steps(events, "cached"), "base top");
});

test("a vertex nobody can key runs every time; what selects from it is found by content, the rest runs again", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const dark = ops.vertex("dark", { identity: null });
  const select = ops.vertex("select", { inputs: [dark], select: { 0: (text) => text } });
  const above = ops.vertex("above", { inputs: [select] });
  const whole = ops.vertex("whole", { inputs: [dark] });
  await run(cache, [above, whole]);
  t.is(ops.take(), "above dark select whole");
  await run(cache, [above, whole]);
  t.is(ops.take(), "dark whole");
});

test("ignoreCache runs, replaces, and everything above is decided by content", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  let time = 1;
  let out = "out";
  const image = (ignoreCache: boolean) => {
    const base = ops.vertex("base");
    const fetch = ops.vertex("fetch", { inputs: [base], ignoreCache, run: () => `${time}|${out}` });
    const on = ops.vertex("on", { inputs: [fetch] });
    const copy = ops.vertex("copy", { inputs: [base, fetch], select: { 1: (text) => text.split("|")[1] as string } });
    const end = ops.vertex("end", { inputs: [copy] });
    return [on, end];
  };
  await run(cache, image(false));
  t.is(ops.take(), "base copy end fetch on");
  time = 2;
  const second = await run(cache, image(true));
  t.is(ops.take(), "fetch on", "on depends on the new result; copy selects what is unchanged");
  t.is(second.results.get("id:on"), "on(2|out)");
  t.is(steps(second.events, "cached"), "base copy end");
  cache.lookups = 0;
  const third = await run(cache, image(false));
  t.deepEqual([ops.take(), cache.lookups], ["", 2]);
  t.is(third.results.get("id:on"), "on(2|out)", "the new result took the old one's place");
  [time, out] = [3, "changed"];
  const fourth = await run(cache, image(true));
  t.is(ops.take(), "copy end fetch on");
  t.is(fourth.results.get("id:end"), "end(copy(base(),3|changed))");
  const fifth = await run(cache, image(false));
  t.is(ops.take(), "");
  t.is(fifth.results.get("id:end"), "end(copy(base(),3|changed))");
});

test("what is known of a definition by other names counts for it alone: not above what ran again", async (t) => {
  const elsewhere = async (ignoreCache: boolean) => {
    const [ops, cache] = [new Ops(), new FakeCache()];
    const { d } = diamond(ops, { b: { ignoreCache } });
    for (const name of ["b", "c", "d"]) cache.foreign.set(`id:${name}`, `${name} elsewhere`);
    const { results } = await run(cache, [d]);
    return [ops.take(), results.get("id:d")];
  };
  t.deepEqual(await elsewhere(false), ["", "d elsewhere"]);
  t.deepEqual(await elsewhere(true), ["a b d", "d(b(a()),c elsewhere)"]);
});

test("one of two equal vertices that ignores the cache decides for both", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const plain = ops.vertex("v");
  const fresh = ops.vertex("v", { ignoreCache: true });
  await run(cache, [plain]);
  ops.take();
  await run(cache, [plain, fresh]);
  t.is(ops.take(), "v");
});

test("a result that is too old is made again, and with it what depends on it, in every graph; until then all is found", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  let time = 1;
  const graph = () => {
    const fetch = ops.vertex("fetch", { maxAge: 100, run: () => `${time}|same` });
    const one = ops.vertex("one", { inputs: [fetch] });
    const two = ops.vertex("two", { inputs: [ops.vertex("between", { inputs: [fetch] })] });
    const part = ops.vertex("part", { inputs: [fetch], select: { 0: (text) => text.split("|")[1] as string } });
    return { fetch, one, two, part };
  };
  const at = async (clock: number, pick: (all: ReturnType<typeof graph>) => EngineVertex<Text>[]) => {
    cache.clock = time = clock;
    const { results } = await run(cache, pick(graph()), { now: () => clock });
    return { ran: ops.take(), results };
  };
  t.is((await at(1, ({ one, two, part }) => [one, two, part])).ran, "between fetch one part two");
  t.is((await at(101, ({ one, two, part }) => [one, two, part])).ran, "");
  t.is((await at(102, ({ one, part }) => [one, part])).ran, "fetch one", "what selects an unchanged part is found");
  const later = await at(103, ({ two }) => [two]);
  t.is(later.ran, "between two", "it was built on the old result, which a definition key would still lead to");
  t.is(later.results.get("id:two"), "two(between(102|same))");
  t.is((await at(202, ({ one, two, part }) => [one, two, part])).ran, "");
  t.is(
    (await at(203, ({ fetch }) => [fetch, ops.vertex("fetch", { maxAge: 1000 })])).ran,
    "fetch",
    "the strictest of equal vertices counts",
  );
});

const describe = (decision: Decision<Text>): string => {
  switch (decision.kind) {
    case "run":
      return `${decision.because} ${decision.components.inputs.length}`;
    case "found":
      return `made at ${decision.hit.createdAt}`;
    case "skipped":
      return `covered by ${decision.coveredBy()?.name}`;
  }
};

test("decisions: what runs is reported with its components after it started, what is found before it is cached", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const lines: string[] = [];
  const graph = (maxAge?: number, ignoreCache = false) => {
    const { b, d } = diamond(ops, { b: { ignoreCache }, c: maxAge === undefined ? {} : { maxAge } });
    return ops.vertex("end", { inputs: [d, b] });
  };
  const decide = async (now: number, target: EngineVertex<Text>) => {
    cache.clock = now;
    await run(cache, [target], {
      now: () => now,
      onEvent: (event) => lines.push(...reported([event])),
      onDecision: (decision) => {
        lines.push(`${decision.vertex.name} ${decision.kind} ${describe(decision)}`);
      },
    });
    return lines.splice(0).join(", ");
  };
  t.is(
    await decide(1, ops.vertex("end", { inputs: [ops.vertex("a")] })),
    "a:started, a run missing 0, a:completed, end:started, end run missing 1, end:completed",
  );
  t.is(
    await decide(2, ops.vertex("end", { inputs: [ops.vertex("a")] })),
    "a skipped covered by end, a:cached, end found made at 1, end:cached",
  );
  await decide(3, graph());
  t.regex(await decide(4, graph(undefined, true)), /b run ignored 1/);
  t.regex(await decide(60, graph(10)), /c run expired 1/);
  await t.throwsAsync(
    run(cache, [ops.vertex("new")], {
      onDecision: () => {
        throw new Error("reported");
      },
    }),
    { message: "reported" },
  );
});

test("what is saved names its components, its primary key first, each key once", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const base = ops.vertex("base");
  const local = ops.vertex("local", { identity: null, immediate: true });
  await run(cache, [ops.vertex("copy", { inputs: [base, local], select: { 1: () => "sha256:feed" } })]);
  const [first, second] = cache.saves;
  t.is(first?.keys.length, 1, "without inputs all keys are one");
  t.deepEqual(second?.components, {
    identity: "copy",
    inputs: [
      { name: "base", key: String(first?.keys[0]) },
      { name: "local", key: "content:sha256:feed" },
    ],
  });
});

test("ops of missing vertices hear once that they are expected, before anything runs", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const graph = (line: string) => {
    const base = ops.vertex("base");
    const changed = ops.vertex("changed", { identity: line, inputs: [base], run: () => (ran.push(ops.expected.join(" ")), "") });
    return ops.vertex("above", { inputs: [changed] });
  };
  const ran: string[] = [];
  await run(cache, [graph("a")]);
  t.deepEqual(ops.expected.splice(0), ["base", "changed", "above"]);
  await run(cache, [graph("a")]);
  t.deepEqual(ops.expected.splice(0), [], "a build without changes expects nothing");
  await run(cache, [graph("b")]);
  t.deepEqual(ops.expected, ["changed", "above"], "what is found, or below it, is not expected");
  t.deepEqual(ran, ["base changed above", "changed above"]);
});

test("an op whose key comes late is expected once the key is known and missing", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const key = deferred<string>();
  const slow = ops.vertex("slow");
  const late: typeof slow = { ...slow, op: { ...slow.op, identity: () => key.promise } };
  const quick = ops.vertex("quick");
  const solving = run(cache, [late, quick], { grace: (then) => (then(), () => {}) });
  await idle();
  t.deepEqual(ops.expected, ["quick"]);
  key.resolve("slow");
  await solving;
  t.deepEqual(ops.expected, ["quick", "slow"]);
});

test("the cache expects the look-ups of several targets together, before the first", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const base = ops.vertex("base");
  const targets = ["a", "b", "c"].map((name) => ops.vertex(name, { inputs: [base] }));
  await run(cache, targets);
  t.is(cache.expected.length, 1);
  t.is(new Set(cache.expected[0]).size, 3);
  for (const key of cache.expected[0] ?? []) t.true(cache.keys.has(key));
  await run(cache, targets.slice(1, 2));
  t.is(cache.expected.length, 1, "one look-up needs no preparation");
});
