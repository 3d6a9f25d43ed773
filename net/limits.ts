/**
 * Limits on the waits of an exchange, in milliseconds. Every wait of a client has one of these
 * limits; tests inject short ones.
 */
export interface HttpLimits {
  /** Time until an answer begins, counted from the last byte of the request. */
  readonly answer: number;
  /**
   * Bytes a second that a server digests and stores before it answers an upload. These bytes
   * lengthen `answer`.
   */
  readonly digestRate: number;
  /**
   * Time in which the next `leastBytes` of a body have to pass, or the rest of the body. One limit
   * for silence and for trickles.
   */
  readonly idle: number;
  readonly leastBytes: number;
  /** Time for the whole body of an error or a redirect, which nobody needs. */
  readonly remainder: number;
  /**
   * Time after which no further attempt begins. The time counts from the first attempt, or from the
   * last attempt that brought bytes.
   */
  readonly patience: number;
  /** Time after which a wait for an answer, or for the next bytes of a body, is reported. */
  readonly notice: number;
  readonly timer: (limit: number, expire: () => void) => Timer;
}

/** A timer that has one owner. */
export interface Timer {
  /** Starts the timer again with its whole time. */
  refresh(): void;
  cancel(): void;
}

/**
 * Starts a timer that expires after `limit` milliseconds. Note that the event loop turns once more
 * first, because a process that was held up (a suspended machine, a long task) sees its timers
 * before the bytes that arrived meanwhile.
 */
function systemTimer(limit: number, expire: () => void): Timer {
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

/**
 * The longest pause that a server may ask for with `Retry-After`, in milliseconds. A server that
 * wants a longer one is not asked again.
 */
export const LONGEST_PAUSE = 60_000;

/** A server that did not answer or did not take its body in time. */
export class StalledError extends Error {
  readonly code = "ERR_STALLED";

  /** `what` completes "HOST: it ". */
  constructor(what: string, limit: number) {
    super(`it ${what} within ${limit / 1000} s`);
  }
}

/** Reports that a wait began; the function that it returns reports its end. */
export type OnWait = (what: string) => () => void;

/** Returns the text of a wait for a server. */
export function waitingFor({ host }: URL): string {
  return `waiting for ${host}`;
}

/** Returns a callback that shows waits as parts of a step. */
export function waitsOf(reporter: {
  progress(item: string, current: number, total: number | undefined, done: boolean, wait: boolean): void;
}): OnWait {
  return (what) => {
    reporter.progress(what, 0, undefined, false, true);
    return () => reporter.progress(what, 0, undefined, true, true);
  };
}
