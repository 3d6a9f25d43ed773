import type { HttpLimits, OnWait, Timer } from "./limits.js";
import { waitingFor } from "./limits.js";

/**
 * Reports the wait of one exchange once it is long, with the host that is asked then. Note that all
 * redirects of an exchange have one notice, because each may be answered in time, and its body
 * given up, before its own wait would be long.
 */
export class Notice {
  readonly #limits: Pick<HttpLimits, "notice" | "timer">;
  readonly #onWait: OnWait | undefined;
  #url: URL | undefined;
  #timer: Timer | undefined;
  #reported: (() => void) | undefined;
  #ended = false;

  constructor(limits: Pick<HttpLimits, "notice" | "timer">, onWait: OnWait | undefined) {
    this.#limits = limits;
    this.#onWait = onWait;
  }

  /** Begins the wait for an answer. Time counts from the first call. */
  begin(url: URL): void {
    this.#url = url;
    const { notice, timer } = this.#limits;
    if (!this.#ended) this.#timer ??= timer(notice, () => (this.#reported = this.#onWait?.(waitingFor(this.#url as URL))));
  }

  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
    this.#reported?.();
  }
}
