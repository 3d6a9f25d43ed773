import { join } from "node:path";
import { packageRoot } from "../../core/package-root.js";
import { ThreadPool } from "../../core/tasks/thread-pool.js";
import type { Worker } from "../../executor-native/contract.js";
import type { LayerTaskRunner } from "../../solver/layers/ports.js";
import type { HashFiles } from "../../solver/ops/local/hash-files.js";
import { hashOnThreads } from "../../solver/ops/local/hash-on-threads.js";

/** The heavy work of a build, off the main thread. */
export interface Tasks {
  readonly tasks: LayerTaskRunner;
  readonly hashFiles: HashFiles;
  close(): Promise<void>;
}

/**
 * Where the heavy tasks on layers run, and the hashing of large contexts: on threads of this process, or in the worker where files belong to mapped ids. Threads start with the first
 * task and end with `close`.
 */
export function layerTaskRunner(worker: () => Promise<Worker>): Tasks {
  let pool: ThreadPool | undefined;
  const onThread =
    (name: string) =>
    <R>(params: unknown, options: { readonly signal?: AbortSignal }): Promise<R> => {
      pool ??= new ThreadPool({ entry: join(packageRoot(), "dist", "thread.js") });
      return pool.run<R>(name, params, options);
    };
  const inWorker =
    (name: string) =>
    async <R>(params: unknown, options: { readonly signal: AbortSignal }): Promise<R> =>
      (await worker()).task<R>(name, params, options);
  return {
    tasks: {
      scan: onThread("scan"),
      pack: onThread("pack"),
      extract: onThread("extract"),
      recompress: onThread("recompress"),
      apply: inWorker("apply"),
      diff: inWorker("diff"),
      check: inWorker("check"),
      packMapped: inWorker("pack"),
    },
    hashFiles: hashOnThreads(onThread("hashFiles")),
    close: async () => {
      await pool?.close();
    },
  };
}
