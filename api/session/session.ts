import { setMaxListeners } from "node:events";
import type { Store } from "../../cache/store.js";
import { CanceledError } from "../../core/errors.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import { MadeNow } from "../../solver/engine/made-now.js";
import { Network } from "./network.js";
import { openProcessStore } from "./process-store.js";
import { Workers } from "./workers.js";

/** The options of a build that its session uses. */
type SessionOptions = Pick<ResolvedBuildOptions, "root" | "history" | "isolation" | "signal" | "authorities" | "client">;

/** Resources that one build holds while it runs. Each part of a build names the members it uses. */
export class Session implements AsyncDisposable {
  readonly store: Store;
  /** Aborted by the caller's signal, and when the session ends. */
  readonly signal: AbortSignal;
  readonly workers: Workers;
  readonly network: Network;
  /** Results that several builds share although they ignore the cache; undefined for one build. */
  readonly madeNow: MadeNow | undefined;
  readonly #ending = new AbortController();
  readonly #held: AsyncDisposable[] = [];

  constructor(
    { root, history, isolation, signal, authorities, client }: SessionOptions,
    { several = false }: { readonly several?: boolean } = {},
  ) {
    this.network = new Network(authorities, client?.credentials);
    this.store = openProcessStore({ root, ...(history ? { history } : {}), isolation });
    this.signal = signal ? AbortSignal.any([signal, this.#ending.signal]) : this.#ending.signal;
    // One listener for each running task: many are no leak.
    setMaxListeners(0, this.signal);
    this.madeNow = several ? new MadeNow() : undefined;
    this.workers = new Workers(this.store, isolation);
  }

  /** Disposes of `thing` when the session has ended. */
  hold<T extends AsyncDisposable>(thing: T): T {
    this.#held.push(thing);
    return thing;
  }

  /** Ends everything: stops the work first, then disposes of what it used. */
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
