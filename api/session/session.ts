import { setMaxListeners } from "node:events";
import type { Store } from "../../cache/store.js";
import { CanceledError } from "../../core/errors.js";
import type { BuildOptions, CommonOptions } from "../options/options.js";
import { Network } from "./network.js";
import { openProcessStore } from "./process-store.js";
import { Workers } from "./workers.js";

/** Resources that one build holds while it runs. Each part of a build names the members it uses. */
export class Session implements AsyncDisposable {
  readonly store: Store;
  /** Aborted by the caller's signal, and when the session ends. */
  readonly signal: AbortSignal;
  readonly workers: Workers;
  readonly network = new Network();
  readonly #ending = new AbortController();
  readonly #held: AsyncDisposable[] = [];

  constructor(options: CommonOptions & Pick<BuildOptions, "history" | "isolation">) {
    const { history, isolation } = options;
    this.store = openProcessStore({
      ...(options.root === undefined ? {} : { root: options.root }),
      ...(history ? { history } : {}),
      isolation,
    });
    this.signal = options.signal ? AbortSignal.any([options.signal, this.#ending.signal]) : this.#ending.signal;
    // One listener for each running task: many are no leak.
    setMaxListeners(0, this.signal);
    this.workers = new Workers(this.store, isolation);
  }

  /** Disposes of `thing` when the session has ended. */
  hold<T extends AsyncDisposable>(thing: T): T {
    this.#held.push(thing);
    return thing;
  }

  /** Ends everything: work stops first, then what it used goes away. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new CanceledError("The build has ended"));
    try {
      await this.workers[Symbol.asyncDispose]();
      await this.network[Symbol.asyncDispose]();
    } finally {
      try {
        for (const thing of this.#held) await thing[Symbol.asyncDispose]();
      } finally {
        this.store.close();
      }
    }
  }
}
