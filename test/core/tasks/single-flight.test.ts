import test from "ava";
import { CanceledError } from "../../../core/errors.js";
import { SingleFlight } from "../../../core/tasks/single-flight.js";

/** Makes work that the test ends. `signals` has one for each start. */
function rig() {
  const flights = new SingleFlight();
  const signals: AbortSignal[] = [];
  const ends: { resolve(value: string): void; reject(error: unknown): void }[] = [];
  const share = (abort: AbortController): Promise<string> =>
    flights.share("key", abort.signal, (signal) => {
      signals.push(signal);
      return new Promise((resolve, reject) => ends.push({ resolve, reject }));
    });
  return { share, signals, ends };
}

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

test("shared work runs once; who gives up leaves at once, and the others get the result", async (t) => {
  const { share, signals, ends } = rig();
  const [first, second] = [new AbortController(), new AbortController()];
  const [one, two] = [share(first), share(second)];
  first.abort();
  await t.throwsAsync(one, { instanceOf: CanceledError });
  t.false(signals[0]?.aborted);
  ends[0]?.resolve("done");
  t.is(await two, "done");
  t.is(signals.length, 1);
  // Nothing is remembered.
  const again = share(second);
  ends[1]?.resolve("again");
  t.is(await again, "again");
});

test("when all have left the work is aborted, its end is waited for, and who comes then begins again", async (t) => {
  const { share, signals, ends } = rig();
  const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
  const [one, two] = [share(first), share(second)];
  let ended = false;
  const last = t.throwsAsync(
    two.finally(() => (ended = true)),
    { message: "stopped" },
  );
  first.abort();
  second.abort();
  await t.throwsAsync(one, { instanceOf: CanceledError });
  await tick();
  t.true(signals[0]?.aborted);
  t.false(ended);
  const three = share(third);
  await tick();
  t.is(signals.length, 1);
  ends[0]?.reject(new Error("stopped"));
  await last;
  await tick();
  t.is(signals.length, 2);
  ends[1]?.resolve("again");
  t.is(await three, "again");
});

test("a failure is everybody's; who comes aborted begins nothing", async (t) => {
  const { share, signals, ends } = rig();
  const both = [share(new AbortController()), share(new AbortController())];
  ends[0]?.reject(new Error("broken"));
  for (const one of both) await t.throwsAsync(one, { message: "broken" });
  const late = new AbortController();
  late.abort();
  await t.throwsAsync(share(late), { instanceOf: CanceledError });
  t.is(signals.length, 1);
});
