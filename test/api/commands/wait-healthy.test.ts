import test from "ava";
import { checkHealthOptions, type HealthCheck, healthCheckOf } from "../../../api/commands/health-check.js";
import { type HealthClock, waitHealthy } from "../../../api/commands/wait-healthy.js";
import type { HealthResult } from "../../../executor-native/contract.js";
import { UsageError } from "../../../core/errors.js";

/** Time that passes only where somebody waits for it. */
class FakeClock implements HealthClock {
  time = 0;
  readonly #waiting: { readonly at: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.time;
  }

  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason as Error);
      };
      const wake = (): void => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
      const waiting = { at: this.time + milliseconds, wake };
      this.#waiting.push(waiting);
      signal.addEventListener("abort", abort);
    });
  }

  /** Wakes the next one that waits, until `done` is. */
  async runUntil<T>(done: Promise<T>): Promise<T> {
    let ended = false;
    void done.finally(() => (ended = true)).catch(() => undefined);
    for (;;) {
      for (let i = 0; i < 20; i++) await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      if (ended) return await done;
      const next = this.#waiting.toSorted((a, b) => a.at - b.at)[0];
      if (!next) throw new Error("nobody waits, and nothing has ended");
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.time = Math.max(this.time, next.at);
      next.wake();
    }
  }
}

const HEALTH: HealthCheck = { words: ["check"], interval: 30_000, timeout: 5000, startPeriod: 0, startInterval: 5000, retries: 3 };
const failed: HealthResult = { code: 1, output: "no" };
const passed: HealthResult = { code: 0, output: "" };

/** Waits with checks that answer as `answer` says; returns the verdict, the time and the checks. */
async function waited(health: Partial<HealthCheck>, answer: (time: number) => HealthResult | undefined | "never") {
  const clock = new FakeClock();
  const checks: number[] = [];
  const check = (signal: AbortSignal): Promise<HealthResult | undefined> => {
    checks.push(clock.now());
    const result = answer(clock.now());
    if (result !== "never") return Promise.resolve(result);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
  };
  const signal = new AbortController().signal;
  const verdict = await clock.runUntil(waitHealthy(check, { ...HEALTH, ...health }, { signal, clock }));
  return { verdict, time: clock.time, checks };
}

test("a command that is healthy at once is not waited for 30 seconds", async (t) => {
  const { verdict, time } = await waited({}, (at) => (at >= 700 ? passed : failed));
  t.deepEqual([verdict, time], [{ status: "healthy" }, 700]);
});

test("docker's rule: unhealthy after as many failures in a row, one each interval", async (t) => {
  const { verdict, time } = await waited({}, () => failed);
  t.deepEqual(verdict, { status: "unhealthy", last: { ...failed, timedOut: false }, failures: 3 });
  t.is(time, 90_000);
});

test("failures in the start period count nothing", async (t) => {
  const { verdict, time } = await waited({ startPeriod: 60_000 }, () => failed);
  t.is(verdict.status, "unhealthy");
  t.is(time, 60_000 + 2 * 30_000);
  t.is((await waited({ startPeriod: 60_000 }, (at) => (at > 100_000 ? passed : failed))).verdict.status, "healthy");
});

test("a check that takes too long is killed, and is a failure", async (t) => {
  const { verdict, time } = await waited({ retries: 1, interval: 1000 }, () => "never");
  t.like(verdict, { status: "unhealthy", failures: 1, last: { timedOut: true, output: "the check took longer than 5 s" } });
  t.true(time >= 5000);
});

test("the end of the command ends the waiting", async (t) => {
  t.is((await waited({}, (at) => (at > 200 ? undefined : failed))).verdict.status, "ended");
});

test("an abort ends the waiting", async (t) => {
  const clock = new FakeClock();
  const abort = new AbortController();
  const waiting = waitHealthy(async () => failed, HEALTH, { signal: abort.signal, clock });
  abort.abort(new Error("stop"));
  await t.throwsAsync(waiting, { message: "stop" });
});

test("the check of an image: docker's defaults, both forms, and the parts of the options", (t) => {
  t.is(healthCheckOf({}), undefined);
  t.is(healthCheckOf({ Healthcheck: { Test: ["NONE"] } }), undefined);
  t.deepEqual(healthCheckOf({ Healthcheck: { Test: ["CMD", "a", "b"] } }), {
    words: ["a", "b"],
    interval: 30_000,
    timeout: 30_000,
    startPeriod: 0,
    startInterval: 5000,
    retries: 3,
  });
  const image = { Shell: ["/bin/ash", "-ec"], Healthcheck: { Test: ["CMD-SHELL", "a | b"], Interval: 2e9, Retries: 7, StartPeriod: 1e9 } };
  t.like(healthCheckOf(image), { words: ["/bin/ash", "-ec", "a | b"], interval: 2000, retries: 7, startPeriod: 1000 });
  const options = { command: "c", interval: "1m", timeout: "500ms", startPeriod: "0s", startInterval: "3s", retries: 1 };
  t.deepEqual(healthCheckOf(image, options), {
    words: ["/bin/ash", "-ec", "c"],
    interval: 60_000,
    timeout: 500,
    startPeriod: 0,
    startInterval: 3000,
    retries: 1,
  });
  t.is(healthCheckOf(image, { command: false }), undefined);
});

for (const options of [{ interval: "soon" }, { timeout: "-1s" }, { retries: -1 }, { retries: Number.NaN }])
  test(`refused: ${JSON.stringify(options)}`, (t) => {
    t.throws(() => checkHealthOptions(options), { instanceOf: UsageError });
  });
