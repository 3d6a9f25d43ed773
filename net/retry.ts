import { setTimeout as delay } from "node:timers/promises";
import { CanceledError, throwIfAborted } from "../core/errors.js";
import { HttpError } from "./errors.js";
import { DEFAULT_LIMITS, type HttpLimits, LONGEST_PAUSE, type OnWait, waitingFor } from "./limits.js";

/** Time as a client sees it. Tests inject one that does not wait. */
export interface Clock {
  /** Returns the milliseconds since the epoch. */
  now(): number;
  /** Waits `ms` milliseconds; rejects with CanceledError on abort. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Returns a number from 0 to 1, to spread the retries of several clients. */
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
const MAX_ATTEMPTS = 5;
const FIRST_WAIT = 500;

/**
 * Returns the milliseconds before attempt number `attempt` (2, 3, …): 0.5 s, doubled each time,
 * half of it random. The wait is at least `retryAfter`.
 */
function backoff(attempt: number, clock: Clock, retryAfter = 0): number {
  const wait = Math.min(LONGEST_PAUSE, FIRST_WAIT * 2 ** (attempt - 2));
  return Math.min(LONGEST_PAUSE, Math.max(retryAfter, wait / 2 + (wait / 2) * clock.random()));
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly limits?: HttpLimits;
  readonly signal?: AbortSignal | undefined;
  readonly onWait?: OnWait | undefined;
}

/** Runs `attempt` until it succeeds, fails for good, or a {@link Retries} gives up. */
export async function withRetries<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const retries = new Retries(options);
  for (;;) {
    throwIfAborted(options.signal);
    try {
      return await attempt();
    } catch (error) {
      await retries.next(error);
    }
  }
}

/**
 * Attempts at one thing: at most {@link MAX_ATTEMPTS}, the last of which begins before the patience
 * ends. An error that was retried in vain stays final for enclosing attempts: otherwise a token
 * server would be asked five times for each of five requests.
 */
export class Retries {
  readonly #options: RetryOptions;
  #failures = 0;
  #since: number;

  constructor(options: RetryOptions) {
    this.#options = options;
    this.#since = options.clock.now();
  }

  /** Counts the last attempt as a first one, because it brought enough bytes. */
  progressed(): void {
    this.#failures = 0;
    this.#since = this.#options.clock.now();
  }

  /**
   * Waits for the moment of the next attempt. Throws the error when no attempt is left, or
   * CanceledError.
   */
  async next(error: unknown): Promise<void> {
    const { clock, limits = DEFAULT_LIMITS, signal, onWait } = this.#options;
    throwIfAborted(signal);
    if (!(error instanceof HttpError) || !error.temporary || error.exhausted) throw error;
    const pause = backoff(++this.#failures + 1, clock, error.retryAfter);
    const late = clock.now() + pause - this.#since > limits.patience;
    if (this.#failures >= MAX_ATTEMPTS || late || (error.retryAfter ?? 0) > LONGEST_PAUSE) {
      error.exhausted = true;
      throw error;
    }
    const url = new URL(error.url);
    const seconds = pause < 10_000 ? Math.round(pause / 100) / 10 : Math.round(pause / 1000);
    const ended = onWait?.(`${waitingFor(url)}, retry ${this.#failures} of ${MAX_ATTEMPTS - 1} in ${seconds} s`);
    try {
      await clock.sleep(pause, signal);
    } finally {
      ended?.();
    }
  }
}

/**
 * Returns the milliseconds of a `Retry-After` header, which holds seconds or an HTTP date (RFC
 * 9110, 10.2.3).
 */
export function parseRetryAfter(header: string | null, clock: Clock): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - clock.now());
}
