import { setMaxListeners } from "node:events";
import type { Store } from "../../cache/store.js";
import { CanceledError } from "../../core/errors.js";
import type { Worker } from "../../executor-native/contract.js";
import { Connections, defaultCertificateDirectories } from "../../net/connections.js";
import type { RegistryClient } from "../../oci/registry/client.js";
import { Background } from "../../solver/layers/background.js";
import type { LayerTaskRunner } from "../../solver/layers/ports.js";
import type { HashFiles } from "../../solver/ops/local/hash-files.js";
import type { CacheBackends } from "./cache-backends.js";
import { layerTaskRunner } from "./layer-tasks.js";
import { downloadFailures } from "../../solver/remote/errors.js";
import type { BuildOptions, CommonOptions } from "../options/options.js";
import { openStoreHere } from "./store-here.js";
import { removeOrphans, startStoreWorker, syncSnapshots } from "./store-worker.js";

/** What one build holds while it runs: the store, threads, the worker, connections. Everything starts when it is needed first. */
export class Session implements AsyncDisposable {
  readonly store: Store;
  /** Aborted by the caller's signal, and when the session ends. */
  readonly signal: AbortSignal;
  readonly background = new Background();
  readonly tasks: LayerTaskRunner;
  readonly hashFiles: HashFiles;
  readonly #ending = new AbortController();
  readonly #closeTasks: () => Promise<void>;
  readonly #isolation: string | undefined;
  #worker: Promise<Worker> | undefined;
  #registry: Promise<RegistryClient> | undefined;
  #connections: Connections | undefined;
  #caches: Promise<CacheBackends> | undefined;
  readonly #held: AsyncDisposable[] = [];

  constructor(options: CommonOptions & Pick<BuildOptions, "history" | "isolation">) {
    const { history, isolation } = options;
    this.#isolation = isolation;
    this.store = openStoreHere({
      ...(options.root === undefined ? {} : { root: options.root }),
      ...(history ? { history } : {}),
      isolation,
    });
    this.signal = options.signal ? AbortSignal.any([options.signal, this.#ending.signal]) : this.#ending.signal;
    // One listener for each task under way: many are no leak.
    setMaxListeners(0, this.signal);
    const runner = layerTaskRunner(() => this.worker());
    this.tasks = runner.tasks;
    this.hashFiles = runner.hashFiles;
    this.#closeTasks = runner.close;
  }

  worker(): Promise<Worker> {
    this.#worker ??= this.#startWorker();
    return this.#worker;
  }

  async #startWorker(): Promise<Worker> {
    const worker = await startStoreWorker(this.store, this.#isolation);
    void syncSnapshots(worker, this.store);
    return worker;
  }

  registry(): Promise<RegistryClient> {
    this.#registry ??= import("../../oci/registry/client.js").then(({ createRegistryClient }) => createRegistryClient());
    return this.#registry;
  }

  /** A client that also speaks plain HTTP with these hosts, and takes any certificate of theirs. */
  async insecureRegistry(hosts: readonly string[]): Promise<RegistryClient> {
    return (await this.caches()).registry(hosts);
  }

  /** Caches outside the store. */
  caches(): Promise<CacheBackends> {
    this.#caches ??= import("./cache-backends.js").then(({ CacheBackends: Backends }) => new Backends(() => this.registry()));
    return this.#caches;
  }

  /** Connections for downloads from any host. */
  connections(): Connections {
    this.#connections ??= new Connections(process.env, defaultCertificateDirectories(process.env), downloadFailures);
    return this.#connections;
  }

  /** Disposes of `thing` when the session has ended. */
  hold<T extends AsyncDisposable>(thing: T): T {
    this.#held.push(thing);
    return thing;
  }

  /** Ends everything: work in the background stops, then what it used goes away. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new CanceledError("The build has ended"));
    try {
      await this.background.settled();
      await this.#closeTasks();
      await this.#endWorker();
      (await this.#registry?.catch(() => undefined))?.close();
      (await this.#caches?.catch(() => undefined))?.[Symbol.dispose]();
      this.#connections?.close();
    } finally {
      try {
        for (const thing of this.#held) await thing[Symbol.asyncDispose]();
      } finally {
        this.store.close();
      }
    }
  }

  /** The worker is the only one that can remove what failed steps left behind. */
  async #endWorker(): Promise<void> {
    const worker = await this.#worker?.catch(() => undefined);
    if (!worker) return;
    try {
      await removeOrphans(worker, this.store);
    } finally {
      await worker.close();
    }
  }
}
