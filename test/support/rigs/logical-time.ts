import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { HttpLimits } from "../../../net/limits.js";
import type { Clock } from "../../../net/retry.js";

/** Milliseconds that pass with each turn. */
const TURN = 500;

/** Milliseconds of the machine between two turns. */
const PAUSE = 1;

interface Pending {
  readonly limit: number;
  /** Time when it began. */
  from: number;
  left: number;
  readonly expire: () => void;
}

interface LogicalTime {
  readonly clock: Clock;
  readonly timer: HttpLimits["timer"];
  /** Calls a function each time that many milliseconds have passed. Returns one that ends it. */
  every(ms: number, run: () => void): () => void;
  stop(): void;
}

/**
 * Returns time for clients in tests that never outruns them: it passes in turns, and a turn is a
 * round trip of a byte over loopback. On any machine, an answer that was sent comes before its
 * limit is over, and a wait of a minute takes a moment. Note that a turn of the event loop is too
 * short, because a busy kernel delivers late what was sent over loopback.
 */
export function logicalTime(): LogicalTime {
  let time = 0;
  const pending = new Set<Pending>();
  const timer: LogicalTime["timer"] = (limit, expire) => {
    const one: Pending = { limit, from: time, left: limit, expire };
    pending.add(one);
    return {
      refresh() {
        one.from = time;
        one.left = limit;
        pending.add(one);
      },
      cancel: () => void pending.delete(one),
    };
  };
  const stop = roundTrips(() => {
    for (const one of pending) one.left -= TURN;
    for (const one of [...pending].filter(({ left }) => left <= 0)) {
      if (!pending.delete(one)) continue;
      // Waits at the same time pass it together.
      time = Math.max(time, one.from + one.limit);
      one.expire();
    }
  });
  return {
    clock: {
      now: () => time,
      random: () => 1,
      sleep: async (ms) => void (time += ms),
    },
    timer,
    every(ms, run) {
      const repeated = timer(ms, () => {
        run();
        repeated.refresh();
      });
      return () => repeated.cancel();
    },
    stop,
  };
}

/** Calls `turn` after each round trip over loopback. Returns a function that ends it. */
function roundTrips(turn: () => void): () => void {
  const open = new Set<Socket>();
  let pause: NodeJS.Timeout | undefined;
  const server = createServer((far) => {
    open.add(far);
    far.pipe(far);
  });
  server.listen(0, "127.0.0.1", () => {
    const near = connect((server.address() as AddressInfo).port, "127.0.0.1");
    open.add(near);
    const send = (): void => void near.write(".");
    near.once("connect", send);
    near.on("data", () => {
      turn();
      pause = setTimeout(send, PAUSE);
    });
  });
  return () => {
    clearTimeout(pause);
    for (const socket of open) socket.destroy();
    server.close();
  };
}
