import { type Deferred, deferred } from "../../../core/tasks/deferred.js";
import { unlessAborted } from "../../../core/tasks/unless-aborted.js";

/** Milliseconds that somebody waits for what another call brings. */
const PATIENCE = 10_000;

/** Things by their ids, which may be asked for before they are there. */
export class Arrivals<T> {
  readonly #present = new Map<string, T>();
  readonly #expected = new Map<string, Deferred<T>>();

  /** Brings a thing. Returns false where the id is taken. */
  add(id: string, value: T): boolean {
    if (this.#present.has(id)) return false;
    this.#present.set(id, value);
    this.#expected.get(id)?.resolve(value);
    this.#expected.delete(id);
    return true;
  }

  /** Takes a thing away, if it is this one. */
  remove(id: string, value: T): void {
    if (this.#present.get(id) === value) this.#present.delete(id);
  }

  get(id: string): T | undefined {
    return this.#present.get(id);
  }

  /** Waits for a thing. Resolves to undefined where it does not come in time. */
  async wait(id: string, signal: AbortSignal): Promise<T | undefined> {
    const present = this.#present.get(id);
    if (present !== undefined) return present;
    const expected = this.#expected.get(id) ?? deferred<T>();
    this.#expected.set(id, expected);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), PATIENCE)));
    try {
      return await unlessAborted(Promise.race([expected.promise, late]), signal);
    } finally {
      clearTimeout(timer);
      if (this.#present.get(id) === undefined) this.#expected.delete(id);
    }
  }

  values(): Iterable<T> {
    return this.#present.values();
  }
}
