import type { CacheKey } from "../../core/cache-key.js";

/**
 * Results that were made in spite of the cache, for solves that share this list. A vertex that
 * ignores the cache runs for one solve, and the other solves take its result. Note that it is no
 * lock of the store, because the solves of other processes have to run such a vertex again in any
 * case.
 */
export class MadeNow {
  readonly #keys = new Set<CacheKey>();
  readonly #running = new Map<CacheKey, Promise<unknown>>();

  has(key: CacheKey): boolean {
    return this.#keys.has(key);
  }

  add(key: CacheKey): void {
    this.#keys.add(key);
  }

  /** Runs `body` alone for a key. */
  async exclusive(key: CacheKey, body: () => Promise<void>): Promise<void> {
    const before = this.#running.get(key);
    const running = (async () => {
      // The failure of another solve is that one's to report.
      await before?.catch(() => undefined);
      await body();
    })();
    this.#running.set(key, running);
    try {
      await running;
    } finally {
      if (this.#running.get(key) === running) this.#running.delete(key);
    }
  }
}
