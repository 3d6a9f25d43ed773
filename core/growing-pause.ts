import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds of the first pause, and of the longest. */
const SHORTEST = 10;
const LONGEST = 160;

/**
 * Pauses between looks at something that nobody announces, such as the other end of a pipe. Each
 * pause is twice as long as the one before, because a wait of hours should cost nothing.
 */
export class GrowingPause {
  #next = SHORTEST;

  /** Waits. Returns early on abort. */
  async wait(signal: AbortSignal | undefined): Promise<void> {
    const milliseconds = this.#next;
    this.#next = Math.min(2 * milliseconds, LONGEST);
    await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  }

  /** Begins with short pauses again, after something has come. */
  reset(): void {
    this.#next = SHORTEST;
  }
}
