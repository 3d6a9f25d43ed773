import PQueue from "p-queue";
import type { EngineVertex } from "./op.js";

type Pool = EngineVertex<unknown>["pool"];

/** Vertices that run at once, by pool; at least 1 each. */
export type Jobs = { readonly [P in Pool]: number };

/**
 * Places of a pool. Note that it is a type of our own, because declarations of the library name it,
 * and they bring no package of others.
 */
export interface Places {
  concurrency: number;
  add(run: () => Promise<void>, options: { readonly priority: number }): Promise<void>;
}

/**
 * Places for running vertices. Solves that share them run no more vertices at once than one solve.
 */
export class Pools {
  readonly #jobs: Jobs;
  readonly #queues = new Map<Pool, PQueue>();

  constructor(jobs: Jobs) {
    this.#jobs = jobs;
  }

  /** Returns a pool, made when the first vertex runs: a build without changes needs none. */
  of(name: Pool): Places {
    let queue = this.#queues.get(name);
    if (!queue) this.#queues.set(name, (queue = new PQueue({ concurrency: this.#jobs[name] })));
    return queue;
  }
}
