import test from "ava";
import { allOrAbort } from "../../../core/tasks/all-or-abort.js";

const never = new AbortController().signal;

test("values come in the order of their promises, whatever they end in", async (t) => {
  const given: readonly [string, number] = await allOrAbort(never, () => [
    new Promise<string>((done) => setImmediate(done, "late")),
    Promise.resolve(1),
  ]);
  t.deepEqual(given, ["late", 1]);
  t.deepEqual(await allOrAbort(never, () => []), []);
});

test("a failure stops the others, and is thrown when they have ended", async (t) => {
  let ended = false;
  const stopped = async (signal: AbortSignal): Promise<void> => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => setImmediate(resolve)));
    ended = true;
    throw new Error("stopped");
  };
  await t.throwsAsync(
    allOrAbort(never, (signal) => [stopped(signal), Promise.reject(new Error("no"))]),
    { message: "no" },
  );
  t.true(ended);
});

test("the caller's signal reaches all of them", async (t) => {
  const abort = new AbortController();
  const all = allOrAbort(abort.signal, (signal) =>
    [0, 1].map(
      (n) => new Promise<number>((_, reject) => signal.addEventListener("abort", () => reject(new Error(`${signal.reason} ${n}`)))),
    ),
  );
  abort.abort("enough");
  await t.throwsAsync(all, { message: "enough 0" });
});
