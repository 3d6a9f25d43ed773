import type { Memo } from "../../cache/contract/memo.js";
import type { EventSink, StepId } from "../../core/events.js";
import type { WebRequests } from "../../core/web-request.js";

/** Kind of the memos that record the requests of a step, by the key of its result. */
const KIND = "requests";

/**
 * The requests that steps of one build sent through their recording proxies. A cached
 * step has the requests of the build that ran it, as long as the store has them.
 */
export class StepRequests {
  readonly #memo: Memo;
  readonly #known = new Map<StepId, WebRequests>();

  constructor(memo: Memo) {
    this.#memo = memo;
  }

  /** Returns a sink that sees each event before `sink` does. */
  watching(sink: EventSink): EventSink {
    return (event) => {
      if (event.type === "requested") this.#known.set(event.step, event.requests);
      else if (event.type === "completed" && event.key !== undefined) this.#keep(event.step, event.key);
      else if (event.type === "cached" && event.key !== undefined) this.#find(event.step, event.key);
      sink(event);
    };
  }

  /** Returns the requests of a step; undefined when nobody recorded any. */
  of(step: StepId): WebRequests | undefined {
    return this.#known.get(step);
  }

  #keep(step: StepId, key: string): void {
    const requests = this.#known.get(step);
    if (requests) this.#memo.set(KIND, key, JSON.stringify(requests));
  }

  #find(step: StepId, key: string): void {
    const kept = this.#memo.get(KIND, key);
    if (kept) this.#known.set(step, JSON.parse(kept.toString("utf8")) as WebRequests);
  }
}
