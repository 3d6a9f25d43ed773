import test from "ava";
import type { TraceRecord } from "../../../solver/engine/trace.js";
import { FakeCache, Ops, run } from "./fakes.js";

/** Returns the records of a solve without times and keys, a line each. */
async function traced(cache: FakeCache, targets: Parameters<typeof run>[1], now?: () => number): Promise<string[]> {
  const records: TraceRecord[] = [];
  await run(cache, targets, { onTrace: (record) => records.push(record), ...(now && { now }) });
  return records.map((record) => {
    switch (record.event) {
      case "move":
        return `${record.step}: ${record.from} -> ${record.to}: ${record.why}`;
      case "lookup":
        return `${record.step}: ${record.by} key: ${record.outcome}`;
      case "probe":
        return `probe: ${record.needed} needed, ${record.withoutKey} without a key, ${record.found} found, ${record.skipped} skipped`;
      default:
        return record.event;
    }
  });
}

test("trace: says why steps run, in the order of the decisions", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const base = ops.vertex("base");
  const top = ops.vertex("top", { inputs: [base] });
  const lines = await traced(cache, [top]);
  t.deepEqual(lines.slice(0, 4), [
    "top: definition key: missing",
    "base: definition key: missing",
    "probe: 2 needed, 0 without a key, 0 found, 0 skipped",
    "base: idle -> waiting: all its inputs have results",
  ]);
  t.deepEqual(
    lines.filter((line) => line.includes("top: ") && line.includes("->")),
    [
      "top: idle -> waiting: inputs without a result yet: 1",
      "top: waiting -> waiting: all its inputs have results",
      "top: waiting -> matching: its inputs are there: asks the cache by their results and contents",
      "top: matching -> queued: nothing was found: waits for a place to run",
      "top: queued -> locking: has a place: waits until no other build works on the same key",
      "top: locking -> running: runs, because the cache has no result for its keys",
      "top: running -> resolved: has run",
    ],
  );
});

test("trace: says what was found, and what is therefore skipped", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const top = ops.vertex("top", { inputs: [ops.vertex("base")] });
  await run(cache, [top]);
  t.deepEqual(await traced(cache, [top]), [
    "top: definition key: found",
    "probe: 0 needed, 0 without a key, 1 found, 1 skipped",
    "base: idle -> skipped: everything that needs it was found in the cache",
    "top: idle -> resolved: found in the cache",
  ]);
});

test("trace: distinguishes a result that is too old and a step that ignores the cache from one that is missing", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const old = ops.vertex("old", { maxAge: 1000 });
  await run(cache, [old], { now: () => 0 });
  const late = await traced(cache, [old], () => Date.now() + 1e9);
  t.true(late.includes("old: definition key: expired"));
  t.true(late.some((line) => line.startsWith("old: ") && line.endsWith("its result is too old")));
  const ignoring = await traced(new FakeCache(), [ops.vertex("always", { ignoreCache: true })]);
  t.true(ignoring.includes("always: queued -> running: runs, because it ignores the cache"));
});

test("trace: has times that grow", async (t) => {
  const [ops, cache] = [new Ops(), new FakeCache()];
  const times: number[] = [];
  await run(cache, [ops.vertex("a")], { onTrace: ({ time }) => times.push(time) });
  t.true(times.length > 0);
  t.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
});
