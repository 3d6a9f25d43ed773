import { join } from "node:path";
import { packageRoot } from "../core/package-root.js";
import { ThreadPool } from "../core/thread-pool.js";
import type { Worker } from "../executor-native/contract.js";
import type { LayerTaskRunner } from "../solver/layers/ports.js";

/**
 * Where the heavy tasks on layers run: on threads of this process, or in the worker where files belong to mapped ids. Threads start with the first
 * task and end with `close`.
 */
export function layerTaskRunner(worker: () => Promise<Worker>): { readonly tasks: LayerTaskRunner; close(): Promise<void> } {
  let pool: ThreadPool | undefined;
  const onThread =
    (name: string) =>
    <R>(params: unknown, options: { readonly signal: AbortSignal }): Promise<R> => {
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
      packMapped: inWorker("pack"),
    },
    close: async () => {
      await pool?.close();
    },
  };
}
