import test from "ava";
import { CanceledError, TsbuildError } from "../../../core/errors.js";
import type { BuildEvent } from "../../../core/events.js";
import type { EngineVertex, OpContext } from "../../../solver/engine/op.js";
import { deferred, FakeCache, grammarErrors, Ops, run, idle, steps, type Text, reported } from "./fakes.js";

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
