import { setTimeout as delay } from "node:timers/promises";
import { CanceledError, throwIfAborted } from "../../core/errors.js";
import { HttpError } from "./errors.js";

/** Time as a client sees it, so that tests need not wait. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits `ms` milliseconds; rejects with CanceledError on abort. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** 0…1, to spread the retries of several clients. */
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch (cause) {
      throwIfAborted(signal);
      throw new CanceledError(undefined, { cause });
    }
  },
};

/** Attempts after which a temporary failure is final. */
export const MAX_ATTEMPTS = 5;
const FIRST_WAIT = 500;
const MAX_WAIT = 60_000;

/** Milliseconds before attempt number `attempt` (2, 3, …): 0.5 s doubled each time, half of it random, at least what the server asked for. */
export function backoff(attempt: number, clock: Clock, retryAfter = 0): number {
  const wait = Math.min(MAX_WAIT, FIRST_WAIT * 2 ** (attempt - 2));
  return Math.min(MAX_WAIT, Math.max(retryAfter, wait / 2 + (wait / 2) * clock.random()));
}

/** Runs `attempt` until it succeeds, fails for good, or failed {@link MAX_ATTEMPTS} times with a temporary HttpError. */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  options: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  for (let tries = 1; ; tries++) {
    throwIfAborted(options.signal);
    try {
      return await attempt();
    } catch (error) {
      throwIfAborted(options.signal);
      if (!(error instanceof HttpError) || !error.temporary || tries >= MAX_ATTEMPTS) throw error;
      await options.clock.sleep(backoff(tries + 1, options.clock, error.retryAfter), options.signal);
    }
  }
}

/** `Retry-After` in milliseconds: seconds or an HTTP date. */
export function parseRetryAfter(header: string | null, clock: Clock): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - clock.now());
}
