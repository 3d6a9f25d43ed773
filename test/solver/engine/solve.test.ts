import test from "ava";
import { CanceledError, TsbuildError } from "../../../core/errors.js";
import type { BuildEvent } from "../../../core/events.js";
import type { Decision, EngineVertex, OpContext } from "../../../solver/engine/op.js";
import { deferred, FakeCache, grammarErrors, Ops, random, run, idle, shuffled, steps, type Text, reported } from "./fakes.js";

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

test("pools bound what runs at once; the longest way to a target goes first", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  let [now, most] = [0, 0];
  const gate = deferred();
  const busy = async () => {
    most = Math.max(most, ++now);
    await gate.promise;
    now--;
    return "";
  };
  const io = ops.vertex("io", { pool: "io", run: busy });
  const short = Array.from({ length: 6 }, (_, i) => ops.vertex(`short${i}`, { run: busy }));
  const deep = ops.vertex("deep", { run: busy });
  const long = ops.vertex("long", { inputs: [ops.vertex("middle", { inputs: [deep] })] });
  const events: BuildEvent[] = [];
  const solving = run(cache, [...short, long, io], { jobs: { run: 2, io: 1 }, events });
  await idle();
  t.is(steps(events, "started"), "io short0 short1", "queued steps are not reported as started");
  t.is(now, 3);
  gate.resolve();
  await solving;
  t.is(most, 3);
  t.true(ops.runs.indexOf("deep") < ops.runs.indexOf("short5"), ops.runs.join(" "));
});

test("output and progress reach the events of their step, and only while it runs", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  let late: (() => void) | undefined;
  const v = ops.vertex("v", {
    run: (_, context) => {
      context.output("stdout", Buffer.from("hello"));
      context.progress("layer", 1, 2, false);
      context.progress("layer", 2, undefined, true);
      late = () => context.output("stderr", Buffer.from("late"));
      return "";
    },
  });
  const { events } = await run(cache, [v]);
  late?.();
  t.deepEqual(
    events.map((event) => event.type),
    ["started", "output", "progress", "progress", "completed"],
  );
  t.true(events.every((event) => "at" in event && event.at > 1e12));
});

test("a step that another one needs again is started again, and ends as it did when the last of its work is done", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  let resume: OpContext["resume"] | undefined;
  const base = ops.vertex("base", {
    immediate: true,
    run: (_, context) => {
      resume = () => context.resume();
      return "";
    },
  });
  const top = ops.vertex("top", {
    inputs: [base],
    prepare: async () => {
      const [one, two] = [resume?.(), resume?.()];
      one?.progress("layer", 1, 2, false);
      one?.close();
      one?.close();
      one?.progress("layer", 2, 2, true);
      two?.progress("other", 2, 2, true);
      two?.close();
    },
  });
  const { events } = await run(cache, [top]);
  t.deepEqual(reported(events), ["base:started", "base:completed", "base:started", "base:completed", "top:started", "top:completed"]);
  t.deepEqual(
    events.flatMap((event) => (event.type === "progress" ? [`${event.step} ${event.item}`] : [])),
    ["id:base layer", "id:base other"],
  );
});

test("a step that works for another one when it ends, ends with that work", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  let working: ReturnType<OpContext["resume"]> | undefined;
  const base = ops.vertex("base", {
    immediate: true,
    run: (_, context) => {
      working = context.resume();
      return "";
    },
  });
  const top = ops.vertex("top", { inputs: [base], run: () => (working?.close(), "") });
  const { events } = await run(cache, [top]);
  t.deepEqual(reported(events), ["base:started", "top:started", "base:completed", "top:completed"]);
});

test("two solves at once share a step: one runs it, the other says what it waits for and finds it cached", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const gate = deferred();
  const shared = ops.vertex("shared", { run: async () => (await gate.promise, "made") });
  const one = run(cache, [ops.vertex("one", { inputs: [shared] })]);
  await idle();
  const events: BuildEvent[] = [];
  const other = ops.vertex("other");
  const two = run(cache, [ops.vertex("two", { inputs: [shared] }), other], { events, jobs: { run: 1, io: 1 } });
  await idle();
  t.is(steps(events, "completed"), "other", "the place in the pool is lent while it waits");
  t.true(events.some((event) => event.type === "progress" && event.item.includes("another build")));
  gate.resolve();
  await one;
  t.is((await two).results.get("id:two"), "two(made)");
  t.is(ops.take(), "one other shared two");
  t.is(steps(events, "cached"), "shared");
  t.deepEqual(grammarErrors(events), []);
});

test("a waiting solve does the step itself when the other one fails, and stops waiting when it is aborted", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const gate = deferred<Text>();
  let turn = 0;
  const shared = ops.vertex("shared", { run: () => (turn++ === 0 ? gate.promise : "second") });
  const one = run(cache, [shared]);
  await idle();
  const two = run(cache, [shared]);
  const abort = new AbortController();
  const three = run(cache, [shared], { signal: abort.signal });
  await idle();
  abort.abort();
  await t.throwsAsync(three, { instanceOf: CanceledError });
  gate.reject(new TsbuildError("test/broken", "It broke"));
  await t.throwsAsync(one, { code: "test/broken" });
  t.is((await two).results.get("id:shared"), "second");
  t.is(cache.held, 0);
});

test("the first failure stops the others at once, names its step, and is thrown only when nothing runs any more", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const ending = deferred();
  const start = deferred();
  let aborted = false;
  const slow = ops.vertex("slow", {
    run: async (_, { signal }) => {
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      aborted = true;
      await ending.promise;
      throw new Error("killed");
    },
  });
  const bad = ops.vertex("bad", {
    run: async () => {
      await start.promise;
      throw new TsbuildError("test/broken", "It broke");
    },
  });
  const queued = ops.vertex("queued");
  const top = ops.vertex("top", { inputs: [slow, bad, queued] });
  const events: BuildEvent[] = [];
  let over = false;
  const solving = run(cache, [top], { events, jobs: { run: 2, io: 1 } }).finally(() => (over = true));
  solving.catch(() => undefined);
  await idle();
  start.resolve();
  await idle();
  t.deepEqual([aborted, over], [true, false]);
  ending.resolve();
  const error = await t.throwsAsync(solving, { code: "test/broken" });
  t.is((error as TsbuildError).step, "bad");
  t.deepEqual(reported(events), ["slow:started", "bad:started", "bad:failed", "slow:canceled"]);
  t.is(ops.take(), "bad slow");
});

test("what ends well although it was asked to stop is kept", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const abort = new AbortController();
  const v = ops.vertex("v", { run: () => (abort.abort(), "made") });
  const events: BuildEvent[] = [];
  await t.throwsAsync(run(cache, [ops.vertex("top", { inputs: [v] })], { signal: abort.signal, events }), { instanceOf: CanceledError });
  t.is(cache.names(), "v");
  t.deepEqual(reported(events), ["v:started", "v:completed"]);
});

test("an aborted signal: nothing is asked; its reason is thrown when it is meant for users", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const v = ops.vertex("v");
  await t.throwsAsync(run(cache, [v], { signal: AbortSignal.abort() }), { instanceOf: CanceledError });
  await t.throwsAsync(run(cache, [v], { signal: AbortSignal.abort(new TsbuildError("test/reason", "Enough")) }), { code: "test/reason" });
  t.deepEqual([ops.take(), cache.lookups], ["", 0]);
});

test("a sink that throws fails the solve, not the step", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const onEvent = (event: BuildEvent) => {
    if (event.type === "started") throw new Error("sink");
  };
  await t.throwsAsync(run(cache, [ops.vertex("v")], { onEvent }), { message: "sink" });
});

test("failures of identity, immediate, digest, cache and save name their step", async (t) => {
  const broken = async (): Promise<never> => {
    throw new TsbuildError("test/broken", "It broke");
  };
  const over: readonly Partial<EngineVertex<Text>["op"]>[] = [
    { identity: broken },
    { identity: async () => undefined, immediate: broken },
    { immediate: broken },
    { selects: () => true, contentDigest: broken },
  ];
  for (const op of over) {
    const [ops, cache] = [new Ops(), new FakeCache()];
    const local = ops.vertex("local", { identity: null, immediate: true });
    const v = ops.vertex("v", { inputs: [local, local, ops.vertex("other")] });
    const events: BuildEvent[] = [];
    const error = await t.throwsAsync(run(cache, [ops.vertex("top", { inputs: [{ ...v, op: { ...v.op, ...op } }] })], { events }));
    t.is((error as TsbuildError).step, "v");
    t.deepEqual(grammarErrors(events), []);
  }
  const [ops, cache] = [new Ops(), new FakeCache()];
  cache.save = () => {
    throw new TsbuildError("test/full", "It is full");
  };
  const error = await t.throwsAsync(run(cache, [ops.vertex("v")]), { code: "test/full" });
  t.is((error as TsbuildError).step, "v");
});

/**
 * Makes a graph by seed: each vertex has up to three inputs among those before it; some select,
 * some ignore the cache, some have no key.
 */
function randomGraph(seed: number, ops: Ops, body: (name: string, context: { readonly signal: AbortSignal }) => Promise<void>) {
  const next = random(seed);
  const all: EngineVertex<Text>[] = [];
  for (let i = 0; i < 14; i++) {
    const name = `v${i}`;
    const inputs = Array.from({ length: Math.min(i, Math.floor(next() * 4)) }, () => all[Math.floor(next() * i)] as EngineVertex<Text>);
    const kind = next();
    all.push(
      ops.vertex(name, {
        inputs,
        ...(inputs.length === 0 && kind < 0.3 ? { immediate: true, identity: kind < 0.2 ? null : name } : {}),
        ...(inputs.length > 0 && kind < 0.5 ? { select: { 0: (text: Text) => `#${text}` } } : {}),
        ignoreCache: kind > 0.93,
        pool: next() < 0.5 ? "run" : "io",
        run: async (given, context) => {
          await body(name, context);
          return `${name}(${given.join(",")})`;
        },
      }),
    );
  }
  return { all, targets: [all[13], all[12]] as EngineVertex<Text>[], next };
}

const SEEDS = Array.from({ length: 40 }, (_, i) => i + 1);

test("random graphs in random order give what a plain evaluation gives, each vertex once, and nothing the second time", async (t) => {
  for (const seed of SEEDS) {
    const [ops, cache] = [new Ops(), new FakeCache()];
    const { targets, next } = randomGraph(seed, ops, async () => {
      for (let i = Math.floor(next() * 4); i > 0; i--) await Promise.resolve();
    });
    const value = (v: EngineVertex<Text>): Text => `${v.name}(${v.op.immediate ? "" : v.inputs.map(value).join(",")})`;
    const shuffle = (ready: readonly EngineVertex<Text>[]) => shuffled(ready, next);
    const first = await run(cache, targets, { shuffle, jobs: { run: 1 + Math.floor(next() * 3), io: 1 } });
    for (const target of targets) t.is(first.results.get(target.id), value(target), `seed ${seed}`);
    t.is(new Set(ops.runs).size, ops.runs.length, `seed ${seed}`);
    t.deepEqual(grammarErrors(first.events), [], `seed ${seed}`);
    ops.take();
    const second = await run(cache, targets, { shuffle });
    for (const target of targets) t.is(second.results.get(target.id), value(target), `seed ${seed}`);
    t.deepEqual(grammarErrors(second.events), [], `seed ${seed}`);
    t.is(cache.held, 0);
  }
});

test("failure and abort at every point: all ends, no lock is held, no step stays open, and the next solve is right", async (t) => {
  for (const seed of SEEDS.slice(0, 12)) {
    for (const way of ["fail", "abort", "abort, unheeded"] as const) {
      for (let point = 0; point < 14; point++) {
        const [ops, cache] = [new Ops(), new FakeCache()];
        const abort = new AbortController();
        let [active, count, armed] = [0, 0, true];
        const { targets, next } = randomGraph(seed, ops, async (_name, context) => {
          active++;
          try {
            if (count++ === point && armed) {
              if (way === "fail") throw new TsbuildError("test/broken", "It broke");
              abort.abort();
            }
            for (let i = 0; i < 3; i++) {
              await Promise.resolve();
              if (way !== "abort, unheeded") context.signal.throwIfAborted();
            }
          } finally {
            active--;
          }
        });
        const shuffle = (ready: readonly EngineVertex<Text>[]) => shuffled(ready, next);
        const events: BuildEvent[] = [];
        const outcome = await run(cache, targets, { shuffle, signal: abort.signal, events, jobs: { run: 2, io: 2 } }).catch(
          (error: unknown) => error,
        );
        const label = `seed ${seed}, ${way} at ${point}`;
        if (outcome instanceof Error)
          t.true(way === "fail" ? "code" in outcome && outcome.code === "test/broken" : outcome instanceof CanceledError, label);
        else t.true(count <= point || abort.signal.aborted, label);
        t.is(active, 0, label);
        t.is(cache.held, 0, label);
        t.deepEqual(grammarErrors(events), [], label);
        armed = false;
        const again = await run(cache, targets);
        const value = (v: EngineVertex<Text>): Text => `${v.name}(${v.op.immediate ? "" : v.inputs.map(value).join(",")})`;
        for (const target of targets) t.is(again.results.get(target.id), value(target), label);
      }
    }
  }
});

test("chains of 1,000 and 20,000 vertices: new, cached, and found link by link", async (t) => {
  const chain = (ops: Ops, prefix: string, length: number) => {
    const files = ops.vertex(`${prefix} files`, { run: () => `${prefix}|same` });
    let top = ops.vertex(prefix, { identity: "copy", inputs: [files], select: { 0: (text) => text.split("|")[1] as string } });
    for (let i = 1; i < length; i++) top = ops.vertex(`${prefix}${i}`, { identity: `${i}`, inputs: [top], run: () => "" });
    return top;
  };
  const [ops, cache] = [new Ops(), new FakeCache()];
  const known = chain(ops, "a", 1000);
  await run(cache, [known]);
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const begun = performance.now();
    await run(cache, [known]);
    times.push(performance.now() - begun);
  }
  t.log(`1,000 cached: ${Math.min(...times).toFixed(1)} ms`);
  const long = new FakeCache();
  await run(long, [chain(ops, "b", 20_000)]);
  ops.take();
  // Another producer below: no definition key is known, every link is found by the primary key of
  // the one before.
  await run(long, [chain(ops, "c", 20_000)]);
  t.is(ops.take(), "c files");
});

test("5,000 vertices side by side", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const base = ops.vertex("base");
  const wide = Array.from({ length: 5000 }, (_, i) => ops.vertex(`w${i}`, { inputs: [base], run: () => "" }));
  const top = ops.vertex("top", { inputs: wide, run: () => "" });
  const begun = performance.now();
  await run(cache, [top], { jobs: { run: 8, io: 8 } });
  t.log(`5,000 new: ${(performance.now() - begun).toFixed(0)} ms`);
  t.is(ops.runs.length, 5002);
  const again = performance.now();
  await run(cache, [top]);
  t.log(`5,000 cached: ${(performance.now() - again).toFixed(0)} ms`);
  t.is(ops.runs.length, 5002);
});

/** Makes a grace that a test ends by hand. */
function grace(): { readonly option: (then: () => void) => () => void; pass(): void; readonly canceled: () => boolean } {
  let pass = () => {};
  let canceled = false;
  return {
    option: (then) => {
      pass = then;
      return () => {
        canceled = true;
      };
    },
    pass: () => pass(),
    canceled: () => canceled,
  };
}

/**
 * Makes `top`, which copies from a local directory that is slow to read, and from results that
 * `apt` and `more` made without it.
 */
function slowContext(ops: Ops, context: Promise<Text>, over: Partial<Record<"apt" | "more", Parameters<Ops["vertex"]>[1]>> = {}) {
  const base = ops.vertex("base", { immediate: true });
  const apt = ops.vertex("apt", { inputs: [base], ...over.apt });
  const more = ops.vertex("more", { inputs: [apt], ...over.more });
  const local = ops.vertex("local", { identity: null, immediate: true, run: () => context });
  const copy = ops.vertex("copy", { inputs: [more, local], select: { 1: (text) => text } });
  return ops.vertex("top", { inputs: [copy] });
}

test("slow keys: what does not need them starts after the grace, what does waits for them", async (t) => {
  const [ops, cache, wait] = [new Ops(), new FakeCache(), grace()];
  const files = deferred<Text>();
  const solved = run(cache, [slowContext(ops, files.promise)], { grace: wait.option });
  await idle();
  t.is(ops.take(), "", "nothing starts within the grace");
  wait.pass();
  await idle();
  t.is(ops.take(), "apt more");
  files.resolve("files");
  const { results, events } = await solved;
  t.is(ops.take(), "copy top");
  t.is(results.get("id:top"), "top(copy(more(apt(base())),files))");
  t.deepEqual(grammarErrors(events), []);
  // The results are kept under the keys that an ordinary build looks up.
  cache.lookups = 0;
  const again = await run(cache, [slowContext(ops, Promise.resolve("files"))], { grace: wait.option });
  t.deepEqual([ops.take(), cache.lookups], ["", 1]);
  t.true(wait.canceled(), "the grace does not outlive the keys");
  t.deepEqual(grammarErrors(again.events), []);
});

test("slow keys: a cached build does its few look-ups, and a hit ends what was started in vain", async (t) => {
  const [ops, cache, wait] = [new Ops(), new FakeCache(), grace()];
  await run(cache, [slowContext(ops, Promise.resolve("files"))]);
  ops.take();
  cache.evict("more");
  const files = deferred<Text>();
  const ended: string[] = [];
  const hang = (_: readonly Text[], { signal }: { readonly signal: AbortSignal }) =>
    new Promise<Text>((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        ended.push("more");
        reject(new Error("killed"));
      });
    });
  cache.lookups = 0;
  const solved = run(cache, [slowContext(ops, files.promise, { more: { run: hang } })], { grace: wait.option });
  wait.pass();
  await idle();
  t.is(ops.take(), "more");
  const early = cache.lookups;
  files.resolve("files");
  const { results, events } = await solved;
  t.deepEqual(ended, ["more"]);
  t.is(ops.take(), "");
  t.is(results.get("id:top"), "top(copy(more(apt(base())),files))");
  t.is(cache.lookups - early, 1, "only the target is looked up once its key is known");
  t.is(steps(events, "canceled"), "more");
  t.is(steps(events, "failed"), "");
  t.deepEqual(grammarErrors(events), []);
});

test("slow keys: what waits for a place is dropped when nobody needs it any more, and what finishes all the same is kept", async (t) => {
  const [ops, cache, wait] = [new Ops(), new FakeCache(), grace()];
  const stages = (context: Promise<Text>, make: () => Promise<Text> | Text) => {
    const local = ops.vertex("local", { identity: null, immediate: true, run: () => context });
    const steps = ["a", "b", "c"].map((name) => ops.vertex(name, { run: make }));
    return ops.vertex("top", { inputs: [...steps, local], select: { 3: (text) => text } });
  };
  await run(cache, [stages(Promise.resolve("files"), () => "made")]);
  for (const name of ["a", "b", "c"]) cache.evict(name);
  ops.take();
  const [files, made] = [deferred<Text>(), deferred<Text>()];
  const solved = run(cache, [stages(files.promise, () => made.promise)], { grace: wait.option, jobs: { run: 1, io: 1 } });
  wait.pass();
  await idle();
  t.is(ops.take(), "a");
  files.resolve("files");
  await idle();
  made.resolve("made");
  const { results, events } = await solved;
  t.is(ops.take(), "");
  t.is(results.get("id:a"), "made");
  t.regex(cache.names(), /^a top$/);
  t.is(steps(events, "completed"), "a local");
  t.deepEqual(grammarErrors(events), []);
});

test("slow keys: a context that cannot be read ends what was started; an abort ends the wait", async (t) => {
  const [ops, cache, wait] = [new Ops(), new FakeCache(), grace()];
  const files = deferred<Text>();
  const events: BuildEvent[] = [];
  const hang = (_: readonly Text[], { signal }: { readonly signal: AbortSignal }) =>
    new Promise<Text>((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("killed"))));
  const solved = run(cache, [slowContext(ops, files.promise, { apt: { run: hang } })], { grace: wait.option, events });
  wait.pass();
  await idle();
  t.is(ops.take(), "apt");
  files.reject(new TsbuildError("context/unreadable", "Cannot read it"));
  t.is((await t.throwsAsync<TsbuildError>(solved, { instanceOf: TsbuildError })).code, "context/unreadable");
  t.is(steps(events, "canceled"), "apt");
  t.deepEqual(grammarErrors(events), []);

  const abort = new AbortController();
  const never = ops.vertex("never", {
    identity: null,
    immediate: true,
    run: (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("stopped")))),
  });
  const aborted = run(cache, [ops.vertex("over", { inputs: [never], select: { 0: (text) => text } })], {
    grace: grace().option,
    signal: abort.signal,
  });
  await idle();
  abort.abort();
  await t.throwsAsync(aborted, { instanceOf: CanceledError });
});

test("slow keys: any order of answers gives the results and the runs of a solve that waited for all keys", async (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = random(seed);
    const [ops, cache] = [new Ops(), new FakeCache()];
    const answers: (() => void)[] = [];
    const slow = (text: Text, held: boolean) => {
      const answer = deferred<Text>();
      if (held) answers.push(() => answer.resolve(text));
      else answer.resolve(text);
      return answer.promise;
    };
    const graph = (held: boolean, round: number) => {
      const all: EngineVertex<Text>[] = [];
      const shape = random(seed * 1000);
      for (let i = 0; i < 12; i++) {
        const inputs = all.filter(() => shape() < 0.3);
        const kind = shape();
        const text = `files ${i} ${shape() < 0.5 ? round : 0}`;
        if (kind < 0.25) all.push(ops.vertex(`v${i}`, { identity: null, immediate: true, run: () => slow(text, held) }));
        else if (kind < 0.35) all.push(ops.vertex(`v${i}`, { immediate: true }));
        else all.push(ops.vertex(`v${i}`, { inputs, select: Object.fromEntries(inputs.map((_, at) => [at, (given: Text) => given])) }));
      }
      return all.filter((_, i) => i > 8);
    };
    await run(cache, graph(false, 0));
    const plain = new FakeCache();
    for (const [key, stored] of cache.keys) plain.keys.set(key, stored);
    const evicted = `v${Math.floor(next() * 12)}`;
    for (const one of [cache, plain]) one.evict(evicted);
    const expected = await run(plain, graph(false, 1));
    const wait = grace();
    const solved = run(cache, graph(true, 1), { grace: wait.option });
    await idle();
    wait.pass();
    await idle();
    for (const answer of shuffled(answers.splice(0), next)) {
      answer();
      if (next() < 0.5) await idle();
    }
    const { results, events } = await solved;
    for (let i = 9; i < 12; i++) t.is(results.get(`id:v${i}`), expected.results.get(`id:v${i}`), `seed ${seed}`);
    t.deepEqual(grammarErrors(events), [], `seed ${seed}`);
  }
});

/** Graphs with a slow directory for each of `count` vertices; `slow` gives the content of one. */
const SLOW_SHAPES: Readonly<Record<string, (ops: Ops, count: number, slow: (at: number) => Promise<Text>) => EngineVertex<Text>>> = {
  "a chain": (ops, count, slow) => {
    let top = ops.vertex("start");
    for (let i = 0; i < count; i++) top = ops.vertex(`v${i}`, { inputs: [top, local(ops, i, slow)], select: { 1: (text) => text } });
    return top;
  },
  "a fan": (ops, count, slow) => {
    const steps = Array.from({ length: count }, (_, i) =>
      ops.vertex(`v${i}`, { inputs: [local(ops, i, slow)], select: { 0: (text) => text } }),
    );
    return ops.vertex("top", { inputs: steps });
  },
};

function local(ops: Ops, at: number, slow: (at: number) => Promise<Text>): EngineVertex<Text> {
  return ops.vertex(`local ${at}`, { identity: null, immediate: true, run: () => slow(at) });
}

for (const [shape, graph] of Object.entries(SLOW_SHAPES)) {
  for (const missing of ["all", "the target"] as const) {
    test(`slow keys that come one by one, ${shape}, ${missing} not cached: each vertex is decided a few times`, async (t) => {
      const count = 300;
      const [ops, cache, wait] = [new Ops(), new FakeCache(), grace()];
      if (missing === "the target") {
        await run(cache, [graph(ops, count, async (at) => `files ${at}`)]);
        cache.evict(shape === "a fan" ? "top" : `v${count - 1}`);
      }
      const files = Array.from({ length: count }, () => deferred<Text>());
      let decided = 0;
      let moves = 0;
      const solved = run(cache, [graph(ops, count, (at) => files[at]?.promise ?? t.fail())], {
        grace: wait.option,
        onTrace(record) {
          if (record.event === "move") moves++;
          if (record.event === "probe") decided += record.needed + record.found + record.skipped;
        },
      });
      await idle();
      wait.pass();
      await idle();
      for (const [at, { resolve }] of files.entries()) {
        resolve(`files ${at}`);
        await new Promise(setImmediate);
      }
      await solved;
      t.true(decided <= 4 * count + 10, `${decided} decisions about ${count} vertices`);
      t.true(moves <= 20 * count, `${moves} moves of ${count} vertices`);
    });
  }
}
