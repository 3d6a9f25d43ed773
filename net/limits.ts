/** How long an exchange waits. Every wait of a client has one of these limits; tests inject short ones. Times in milliseconds. */
export interface HttpLimits {
  /** Until an answer begins, after the last byte of its request. */
  readonly answer: number;
  /** Bytes a second that a server digests and stores before it answers an upload; they lengthen `answer`. */
  readonly digestRate: number;
  /** Within it the next `leastBytes` of a body have to pass, or its rest: a limit for silence and for trickles alike. */
  readonly idle: number;
  readonly leastBytes: number;
  /** For the whole body of an error or a redirect, which nobody needs. */
  readonly remainder: number;
  /** After it no further attempt begins. Counts from the first attempt, or from the last one that brought something. */
  readonly patience: number;
  /** A wait for an answer that takes longer is reported. */
  readonly notice: number;
  readonly timer: (limit: number, expire: () => void) => Timer;
}

/** A timer that has one owner. */
export interface Timer {
  /** Starts it again with its whole time. */
  refresh(): void;
  cancel(): void;
}

/**
 * Expires after `limit` milliseconds. Note that the event loop turns once more before, because a process that was held up (a suspended machine, a
 * long task) sees its timers before the bytes that came meanwhile.
 */
export function systemTimer(limit: number, expire: () => void): Timer {
  let turn: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => (turn = setImmediate(expire)), limit);
  return {
    refresh() {
      if (turn) clearImmediate(turn);
      timer.refresh();
    },
    cancel() {
      if (turn) clearImmediate(turn);
      clearTimeout(timer);
    },
  };
}

export const DEFAULT_LIMITS: HttpLimits = {
  answer: 60_000,
  digestRate: 5 << 20,
  idle: 60_000,
  leastBytes: 4096,
  remainder: 5_000,
  patience: 90_000,
  notice: 5_000,
  timer: systemTimer,
};

/** The longest pause that a server may ask for with `Retry-After`, in milliseconds; one that wants more is not asked again. */
export const LONGEST_PAUSE = 60_000;

/** The server did not do its part in time. */
export class StalledError extends Error {
  readonly code = "ERR_STALLED";

  /** `what` completes "HOST: it ". */
  constructor(what: string, limit: number) {
    super(`it ${what} within ${limit / 1000} s`);
  }
}

/** Reports that a wait began; the function that it returns reports its end. */
export type OnWait = (what: string) => () => void;

/** Shows waits as parts of a step. */
export function waitsOf(reporter: { progress(item: string, current: number, total: number | undefined, done: boolean): void }): OnWait {
  return (what) => {
    reporter.progress(what, 0, undefined, false);
    return () => reporter.progress(what, 0, undefined, true);
  };
}
