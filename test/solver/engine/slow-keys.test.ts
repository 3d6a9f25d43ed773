import test from "ava";
import { CanceledError, TsbuildError } from "../../../core/errors.js";
import type { BuildEvent } from "../../../core/events.js";
import type { EngineVertex } from "../../../solver/engine/op.js";
import { deferred, FakeCache, grammarErrors, Ops, random, run, idle, shuffled, steps, type Text } from "./fakes.js";

/** Makes a grace that a test ends by hand. */
function grace(): { readonly option: (then: () => void) => () => void; end(): void; readonly canceled: () => boolean } {
  let end = () => {};
  let canceled = false;
  return {
    option: (then) => {
      end = then;
      return () => {
        canceled = true;
      };
    },
    end: () => end(),
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
  wait.end();
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
  wait.end();
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
  wait.end();
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
  wait.end();
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
    wait.end();
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
      wait.end();
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
