import type { HttpLimits } from "../../../net/limits.js";
import type { Clock } from "../../../net/retry.js";

/** Milliseconds that pass with each turn of the event loop. */
const TURN = 500;

interface Pending {
  readonly limit: number;
  left: number;
  readonly expire: () => void;
}

/**
 * Returns time for clients in tests that never outruns them: it passes with the turns of the event
 * loop, in each of which the sockets of this process are served. On any machine, an answer that was
 * sent comes before its limit is over, and a wait of a minute takes a moment.
 */
export function logicalTime(): { readonly clock: Clock; readonly timer: HttpLimits["timer"]; stop(): void } {
  let time = 0;
  const pending = new Set<Pending>();
  const turn = setInterval(() => {
    for (const one of pending) {
      one.left -= TURN;
      if (one.left > 0 || !pending.delete(one)) continue;
      time += one.limit;
      one.expire();
    }
  }, 1);
  return {
    clock: {
      now: () => time,
      random: () => 1,
      sleep: async (ms) => void (time += ms),
    },
    timer(limit, expire) {
      const one: Pending = { limit, left: limit, expire };
      pending.add(one);
      return {
        refresh() {
          one.left = limit;
          pending.add(one);
        },
        cancel: () => void pending.delete(one),
      };
    },
    stop: () => clearInterval(turn),
  };
}
