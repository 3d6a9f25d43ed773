import test from "ava";
import { CanceledError, TsbuildError } from "../../../core/errors.js";
import type { BuildEvent } from "../../../core/events.js";
import type { EngineVertex } from "../../../solver/engine/op.js";
import { FakeCache, grammarErrors, Ops, run, shuffled, type Text } from "./fakes.js";
import { randomGraph } from "./random-graph.js";

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
