import test from "ava";
import { TsbuildError } from "../../../core/errors.js";
import type { BuildEvent } from "../../../core/events.js";
import type { Goal } from "../../../solver/engine/goals.js";
import type { EngineVertex } from "../../../solver/engine/op.js";
import { Pools } from "../../../solver/engine/pools.js";
import { deferred, FakeCache, grammarErrors, idle, Ops, run, shuffled, steps, type Text } from "./fakes.js";
import { randomGraph } from "./random-graph.js";

/** Makes a goal of one vertex that notes how it ends. */
function noted(vertex: EngineVertex<Text>, ends: string[]): Goal<Text> {
  return {
    vertices: [vertex],
    onResolved: (results, solved) => void ends.push(`${vertex.name}=${results.get(vertex.id)} of ${solved.length}`),
    onFailed: (error, id) => void ends.push(`${vertex.name}: ${(error as Error).message} at ${id}`),
  };
}

const broken = async (): Promise<Text> => {
  throw new TsbuildError("test/broken", "It broke");
};

test("goals: each ends as soon as its own vertices do; what they share runs once", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const gate = deferred();
  const shared = ops.vertex("shared");
  const quick = ops.vertex("quick", { inputs: [shared] });
  const slow = ops.vertex("slow", { inputs: [shared], run: async () => gate.promise.then(() => "slow") });
  const ends: string[] = [];
  const solving = run(cache, [quick, slow], { goals: [noted(quick, ends), noted(slow, ends)] });
  await idle();
  t.deepEqual(ends, ["quick=quick(shared()) of 2"]);
  gate.resolve();
  await solving;
  t.deepEqual(ends, ["quick=quick(shared()) of 2", "slow=slow of 2"]);
  t.is(ops.take(), "quick shared slow");
});

test("goals: a failure ends all that are open, and says which vertex failed", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const bad = ops.vertex("bad", { run: broken });
  const never = ops.vertex("never", { inputs: [bad] });
  const other = ops.vertex("other", {
    run: (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", reject)),
  });
  const ends: string[] = [];
  await t.throwsAsync(run(cache, [never, other], { goals: [noted(never, ends), noted(other, ends)] }), { code: "test/broken" });
  t.deepEqual(ends, ["never: It broke at id:bad", "other: It broke at id:bad"]);
});

test("goals: with keepGoing a failure ends those above it, and the work that only they need", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const gate = deferred();
  const start = deferred();
  const bad = ops.vertex("bad", { run: () => start.promise.then(broken) });
  let aborted = false;
  const wasted = ops.vertex("wasted", {
    run: async (_, { signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      aborted = true;
      throw new Error("killed");
    },
  });
  const shared = ops.vertex("shared", { run: () => gate.promise.then(() => "shared") });
  const lost = ops.vertex("lost", { inputs: [bad, wasted, shared] });
  const above = ops.vertex("above", { inputs: [lost] });
  const kept = ops.vertex("kept", { inputs: [shared] });
  const ends: string[] = [];
  const events: BuildEvent[] = [];
  const goals = [lost, above, kept].map((vertex) => noted(vertex, ends));
  const solving = run(cache, [lost, above, kept], { goals, keepGoing: true, events });
  await idle();
  start.resolve();
  await idle();
  t.true(aborted);
  t.deepEqual(ends, ["lost: It broke at id:bad", "above: It broke at id:bad"]);
  gate.resolve();
  await solving;
  t.deepEqual(ends.slice(2), ["kept=kept(shared) of 2"]);
  t.deepEqual(grammarErrors(events), []);
  // A vertex that was never asked for is not shown as cached.
  t.is(steps(events, "cached"), "");
  t.is(steps(events, "canceled"), "wasted");
  t.is(ops.take(), "bad kept shared wasted");
});

test("goals: with keepGoing the failure of the last open one ends the solve", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const good = ops.vertex("good");
  const bad = ops.vertex("bad", { inputs: [good], run: broken });
  const ends: string[] = [];
  await t.throwsAsync(run(cache, [good, bad], { goals: [noted(good, ends), noted(bad, ends)], keepGoing: true }), { code: "test/broken" });
  t.deepEqual(ends, ["good=good() of 1", "bad: It broke at id:bad"]);
});

test("goals: random graphs with failures: each ends once, as a plain evaluation says, and nothing stays open", async (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const [ops, cache] = [new Ops(), new FakeCache()];
    const failing = new Set([`v${seed % 14}`, `v${(seed * 5) % 14}`]);
    const { all, next } = randomGraph(seed, ops, async (name) => {
      for (let i = Math.floor(next() * 4); i > 0; i--) await Promise.resolve();
      if (failing.has(name)) await broken();
    });
    const fails = (v: EngineVertex<Text>): boolean => failing.has(v.name) || v.inputs.some(fails);
    const ends: string[] = [];
    const events: BuildEvent[] = [];
    const wanted = all.slice(6);
    const shuffle = (ready: readonly EngineVertex<Text>[]) => shuffled(ready, next);
    const goals = wanted.map((vertex) => noted(vertex, ends));
    await run(cache, wanted, { goals, keepGoing: true, events, shuffle, jobs: { run: 2, io: 1 } }).catch(() => undefined);
    t.deepEqual(
      ends.map((end) => /^(v\d+)(?:=|: It broke)/.exec(end)?.[0]).sort(),
      wanted.map((v) => v.name + (fails(v) ? ": It broke" : "=")).sort(),
      `seed ${seed}`,
    );
    t.deepEqual(grammarErrors(events), [], `seed ${seed}`);
    t.is(cache.held, 0);
  }
});

test("pools: solves that share them run no more at once than one", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  let [now, most] = [0, 0];
  const busy = async (): Promise<Text> => {
    most = Math.max(most, ++now);
    await idle();
    now--;
    return "";
  };
  const pools = new Pools({ run: 2, io: 1 });
  const targets = (name: string) => Array.from({ length: 4 }, (_, i) => ops.vertex(`${name}${i}`, { run: busy }));
  // One that fails leaves the places of the other alone.
  const failed = run(cache, [...targets("a"), ops.vertex("bad", { run: broken })], { pools }).catch(() => undefined);
  await Promise.all([failed, run(cache, targets("b"), { pools })]);
  t.is(most, 2);
  t.is(ops.take().match(/b\d/g)?.join(" "), "b0 b1 b2 b3");
});
