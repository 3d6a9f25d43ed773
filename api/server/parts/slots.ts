import { type Deferred, deferred } from "../../../core/tasks/deferred.js";
import { unlessAborted } from "../../../core/tasks/unless-aborted.js";

/** Places for work that is done at once. */
export class Slots {
  #free: number;
  readonly #waiting: Deferred<void>[] = [];

  /** `count` undefined is no limit. */
  constructor(count: number | undefined) {
    this.#free = count ?? Number.POSITIVE_INFINITY;
  }

  /** Works as soon as there is a place, in the order of the calls. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const turn = deferred();
    this.#waiting.push(turn);
    try {
      await unlessAborted(turn.promise, signal);
    } catch (error) {
      const at = this.#waiting.indexOf(turn);
      if (at >= 0) this.#waiting.splice(at, 1);
      // The place came at the same moment.
      else this.#release();
      throw error;
    }
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next) next.resolve();
    else this.#free++;
  }
}
