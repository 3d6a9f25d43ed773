import type { Store } from "../../cache/store.js";
import type { Worker } from "../../executor-native/contract.js";
import { Background } from "../../solver/layers/background.js";
import type { LayerTaskRunner } from "../../solver/layers/ports.js";
import type { HashFiles } from "../../solver/ops/local/hash-files.js";
import { layerTaskRunner } from "./layer-tasks.js";
import { type SharedNetwork, startSharedNetwork } from "./step-networks.js";
import { removeOrphans, startStoreWorker, syncSnapshots } from "./store-worker.js";

/**
 * Threads of one build, and its worker in a user namespace. Each starts when it is needed first.
 */
export class Workers implements AsyncDisposable {
  /** Work that no step waits for. */
  readonly background = new Background();
  readonly tasks: LayerTaskRunner;
  readonly hashFiles: HashFiles;
  readonly #store: Store;
  readonly #isolation: string | undefined;
  readonly #closeTasks: () => Promise<void>;
  #worker: Promise<Worker> | undefined;
  #expected = false;
  #network: Promise<SharedNetwork> | undefined;

  /** `isolation`: tier of the steps, when the caller chose one. */
  constructor(store: Store, isolation: string | undefined) {
    this.#store = store;
    this.#isolation = isolation;
    const runner = layerTaskRunner(() => this.worker());
    this.tasks = runner.tasks;
    this.hashFiles = runner.hashFiles;
    this.#closeTasks = runner.close;
  }

  worker(): Promise<Worker> {
    this.#worker ??= this.#startWorker();
    return this.#worker;
  }

  /** Starts the worker and a thread in it, because a step is going to need both. */
  expectSteps(): void {
    if (this.#expected) return;
    this.#expected = true;
    this.worker()
      .then((worker) => worker.task<void>("prepareThread", {}))
      // The step that asks for the worker reports why there is none.
      .catch(() => undefined);
  }

  /** Returns the network of steps that ask for none, which all steps of this worker share. */
  sharedNetwork(): Promise<SharedNetwork> {
    this.#network ??= this.worker().then((worker) => startSharedNetwork(worker, process.env));
    return this.#network;
  }

  async #startWorker(): Promise<Worker> {
    const worker = await startStoreWorker(this.#store, this.#isolation);
    void syncSnapshots(worker, this.#store);
    return worker;
  }

  /** Ends the work in the background first, because it uses the others. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.background.idle();
    await this.#closeTasks();
    await this.#endWorker();
  }

  /** Ends the worker. Only the worker can remove everything that failed steps left behind. */
  async #endWorker(): Promise<void> {
    const worker = await this.#worker?.catch(() => undefined);
    if (!worker) return;
    try {
      await removeOrphans(worker, this.#store);
    } finally {
      await worker.close();
    }
  }
}
