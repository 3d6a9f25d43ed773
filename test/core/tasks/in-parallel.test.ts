import test from "ava";
import { inParallel } from "../../../core/tasks/in-parallel.js";

const never = new AbortController().signal;

/** Makes a promise that the test resolves. */
function gate() {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { open, passed };
}

test("no more than the limit at once, each item once, in order", async (t) => {
  const gates = [gate(), gate(), gate(), gate()];
  const begun: number[] = [];
  const done = inParallel([0, 1, 2, 3], { limit: 2, signal: never }, async (item) => {
    begun.push(item);
    await gates[item]?.passed;
  });
  t.deepEqual(begun, [0, 1]);
  gates[1]?.open();
  await new Promise(setImmediate);
  t.deepEqual(begun, [0, 1, 2]);
  for (const { open } of gates) open();
  await done;
  t.deepEqual(begun, [0, 1, 2, 3]);
  await inParallel([], { limit: 2, signal: never }, () => Promise.reject(new Error("nothing to do")));
});

test("the first failure stops the others and is the one that is thrown", async (t) => {
  const begun: number[] = [];
  let stopped = 0;
  const failing = inParallel([0, 1, 2, 3], { limit: 2, signal: never }, async (item, signal) => {
    begun.push(item);
    if (item === 1) throw new Error("no");
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    stopped++;
    throw new Error("stopped");
  });
  await t.throwsAsync(failing, { message: "no" });
  t.deepEqual(begun, [0, 1]);
  t.is(stopped, 1);
});

test("the caller's signal reaches the work", async (t) => {
  const abort = new AbortController();
  const seen = inParallel([0], { limit: 1, signal: abort.signal }, async (_, signal) => {
    abort.abort(new Error("enough"));
    signal.throwIfAborted();
  });
  await t.throwsAsync(seen, { message: "enough" });
});
