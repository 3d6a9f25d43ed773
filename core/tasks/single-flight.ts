import { setMaxListeners } from "node:events";
import { CanceledError, throwIfAborted } from "../errors.js";

/**
 * Shares work in progress: calls with the same key get the promise of the first call until it
 * resolves or rejects. Neither a failure nor a success is remembered.
 */
export class SingleFlight {
  readonly #flights = new Map<string, Promise<unknown>>();
  readonly #shared = new Map<string, Flight>();

  /** Runs or joins the work of a key, for callers that give up together or never. */
  do<T>(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#flights.get(key);
    if (running) return running as Promise<T>;
    const flight = work().finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  /**
   * Runs or joins the work of a key, for callers that give up each on their own. A caller that
   * gives up leaves at once with CanceledError, and the work goes on for the others. The signal of
   * the work is aborted when the last caller leaves. The last caller waits for the end of the work,
   * so that nothing goes on unobserved.
   */
  async share<T>(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (;;) {
      throwIfAborted(signal);
      const running = this.#shared.get(key);
      if (!running) return (await join(this.#start(key, work), signal)) as T;
      if (!running.abort.signal.aborted) return (await join(running, signal)) as T;
      // Aborted by its last caller. Wait until it has ended, then start a new one.
      await running.end.catch(() => {});
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<unknown>): Flight {
    const abort = new AbortController();
    setMaxListeners(0, abort.signal);
    const end = work(abort.signal).finally(() => this.#shared.delete(key));
    const flight: Flight = { end, abort, callers: 0 };
    this.#shared.set(key, flight);
    return flight;
  }
}

interface Flight {
  readonly end: Promise<unknown>;
  readonly abort: AbortController;
  callers: number;
}

function join(flight: Flight, signal: AbortSignal): Promise<unknown> {
  flight.callers++;
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      if (--flight.callers === 0) flight.abort.abort(signal.reason);
      else reject(signal.reason instanceof CanceledError ? signal.reason : new CanceledError(undefined, { cause: signal.reason }));
    };
    signal.addEventListener("abort", leave, { once: true });
    const stay = (): void => signal.removeEventListener("abort", leave);
    flight.end.finally(stay).then(resolve, reject);
  });
}
