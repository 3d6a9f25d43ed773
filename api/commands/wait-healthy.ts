import { setTimeout as sleep } from "node:timers/promises";
import type { RunningCommand } from "../../executor-native/contract.js";
import type { FailedCheck } from "./exit.js";
import type { HealthCheck } from "./health-check.js";

/** Milliseconds before the first check that docker would not make. The next waits twice as long. */
const FIRST = 100;

/** The time, in milliseconds. */
export interface HealthClock {
  now(): number;
  /** Rejects when `signal` aborts. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

const CLOCK: HealthClock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
};

/** Outcome of the start of a command. */
export type Verdict =
  | { readonly status: "healthy" }
  | { readonly status: "unhealthy"; readonly last: FailedCheck; readonly failures: number }
  /** The command ended before. */
  | { readonly status: "ended" };

/**
 * Checks a command until it is healthy, or unhealthy by docker's rules. Note that there are more
 * checks than docker makes, so that nobody waits 30 seconds for a server that starts in one; the
 * failures of these count nothing.
 */
export async function waitHealthy(
  check: RunningCommand["check"],
  health: HealthCheck,
  { signal, clock = CLOCK }: { readonly signal: AbortSignal; readonly clock?: HealthClock },
): Promise<Verdict> {
  const begun = clock.now();
  const pause = (): number => (clock.now() - begun < health.startPeriod ? health.startInterval : health.interval);
  let due = begun + pause();
  let failures = 0;
  for (let more = FIRST; ; more *= 2) {
    await clock.sleep(Math.max(0, Math.min(more, due - clock.now())), signal);
    const at = clock.now();
    const isDue = at >= due;
    const last = await checkOnce(check, health.timeout, { signal, clock });
    if (!last) return { status: "ended" };
    if (last.code === 0 && !last.timedOut) return { status: "healthy" };
    if (!isDue) continue;
    if (at - begun >= health.startPeriod) failures++;
    if (failures >= health.retries) return { status: "unhealthy", last, failures };
    due = clock.now() + pause();
  }
}

/** Runs one check, which is killed for its time. Returns undefined when the command has ended. */
async function checkOnce(
  check: RunningCommand["check"],
  timeout: number,
  { signal, clock }: { readonly signal: AbortSignal; readonly clock: HealthClock },
): Promise<FailedCheck | undefined> {
  const tooLong = new AbortController();
  const done = new AbortController();
  void clock.sleep(timeout, done.signal).then(
    () => tooLong.abort(),
    () => undefined,
  );
  try {
    const result = await check(AbortSignal.any([signal, tooLong.signal]));
    return result && { ...result, timedOut: false };
  } catch (error) {
    if (signal.aborted || !tooLong.signal.aborted) throw error;
    return { code: -1, output: `the check took longer than ${timeout / 1000} s`, timedOut: true };
  } finally {
    done.abort();
  }
}
