import test from "ava";
import { knownPeak, MemoryGate } from "../../../solver/ops/memory-gate.js";

const never = new AbortController().signal;

/** Returns true when a promise is resolved once all that is ready has run. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => (done = true));
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  return done;
}

test("steps wait until the memory that they took before is free", async (t) => {
  const gate = new MemoryGate(() => 1000);
  const first = await gate.enter(600, never);
  const second = gate.enter(400, never);
  const small = gate.enter(200, never);
  const unknown = gate.enter(0, never);
  t.deepEqual([await isDone(second), await isDone(small), await isDone(unknown)], [false, true, true]);
  (await small)();
  t.false(await isDone(second));
  first();
  t.true(await isDone(second));
});

test("one step always runs, and a wait ends with its build", async (t) => {
  const gate = new MemoryGate(() => 1000);
  const leave = await gate.enter(5000, never);
  const abort = new AbortController();
  const waiting = gate.enter(1, abort.signal);
  abort.abort(new Error("ended"));
  await t.throwsAsync(waiting, { message: "ended" });
  await t.throwsAsync(gate.enter(1, abort.signal), { message: "ended" });
  leave();
  (await gate.enter(5000, never))();
});

test("a step is known by its command", (t) => {
  const kept = new Map<string, string>();
  const memo = {
    list: () => [],
    get: (kind: string, key: string) => (kept.has(`${kind} ${key}`) ? Buffer.from(kept.get(`${kind} ${key}`) as string) : undefined),
    set: (kind: string, key: string, value: string | Uint8Array) => void kept.set(`${kind} ${key}`, String(value)),
  };
  const op = { args: ["make"], cwd: "/", user: "" };
  t.is(knownPeak(op, memo).bytes, 0);
  const megabytes = (count: number) => count << 20;
  const keep = (peak: number) => {
    knownPeak(op, memo).keep(peak);
    return knownPeak(op, memo).bytes;
  };
  t.is(keep(megabytes(16)), 0, "small steps are not kept");
  t.is(kept.size, 0);
  t.is(keep(megabytes(77)), megabytes(77));
  t.is(keep(megabytes(90)), megabytes(77), "nor is a small difference");
  t.is(keep(megabytes(1000)), megabytes(1000));
  t.is(keep(megabytes(900)), megabytes(1000));
  t.is(keep(megabytes(800)), megabytes(800));
  t.is(knownPeak({ ...op, args: ["make", "test"] }, memo).bytes, 0);
});
