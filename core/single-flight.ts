/**
 * Shares work in progress: calls with the same key get the promise of the first until it settles. A failure is not remembered, and neither is
 * a success: what shall last is kept by whoever did the work.
 */
export class SingleFlight {
  readonly #flights = new Map<string, Promise<unknown>>();

  do<T>(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#flights.get(key);
    if (running) return running as Promise<T>;
    const flight = work().finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }
}
