import { join } from "node:path";
import { packageRoot } from "../../core/package-root.js";
import { ThreadPool } from "../../core/tasks/thread-pool.js";
import type { Worker } from "../../executor-native/contract.js";
import type { LayerTasks } from "../../oci/layer/model/tasks.js";
import type { LayerBlob, Toc } from "../../oci/layer/model/toc.js";
import { revivedToc } from "../../oci/layer/model/toc-columns.js";
import { packedPlan } from "../../oci/layer/write/packed-plan.js";
import type { LayerTaskRunner } from "../../solver/layers/ports.js";
import type { HashFiles } from "../../solver/ops/local/hash-files.js";
import { hashOnThreads } from "../../solver/ops/local/hash-on-threads.js";

type Run<P, R> = (params: P, options: { readonly signal: AbortSignal; readonly transfer?: readonly ArrayBuffer[] }) => Promise<R>;

type Params<Name extends keyof LayerTasks> = Parameters<LayerTasks[Name]>[0];
type Result<Name extends keyof LayerTasks> = Awaited<ReturnType<LayerTasks[Name]>>;

/** The heavy work of a build, off the main thread. */
interface Tasks {
  readonly tasks: LayerTaskRunner;
  readonly hashFiles: HashFiles;
  close(): Promise<void>;
}

/**
 * Returns the runner of the heavy tasks on layers, and of hashing large contexts: on threads of
 * this process, or in the worker where files belong to mapped ids. Threads start with the first
 * task and end with `close`.
 */
export function layerTaskRunner(worker: () => Promise<Worker>): Tasks {
  let pool: ThreadPool | undefined;
  const onThread =
    (name: string) =>
    <R>(params: unknown, options: { readonly signal?: AbortSignal; readonly transfer?: readonly ArrayBuffer[] }): Promise<R> => {
      pool ??= new ThreadPool({ entry: join(packageRoot(), "dist", "thread.cjs") });
      return pool.run<R>(name, params, options);
    };
  const inWorker =
    (name: string) =>
    async <R>(params: unknown, options: { readonly signal: AbortSignal }): Promise<R> =>
      (await worker()).task<R>(name, params, options);
  return {
    tasks: {
      scan: reviving<Params<"scan">, Result<"scan">>(onThread("scan")),
      pack: packer(onThread("pack")),
      extract: onThread("extract"),
      index: onThread("index"),
      cut: onThread("cut"),
      recompress: onThread("recompress"),
      apply: reviving<Params<"apply">, Result<"apply">>(inWorker("apply")),
      diff: reviving<Params<"diff">, Result<"diff">>(inWorker("diff")),
      check: inWorker("check"),
      packMapped: packer(inWorker("pack")),
    },
    hashFiles: hashOnThreads(onThread("hashFiles")),
    close: async () => {
      await pool?.close();
    },
  };
}

/** Returns the same task with a restored TOC. */
function reviving<P, R extends { readonly toc: Toc }>(run: Run<P, R>): Run<P, R> {
  return async (params, options) => {
    const result = await run(params, options);
    return { ...result, toc: revivedToc(result.toc) };
  };
}

/** Sends plans in the form that takes the least memory on either side. */
function packer(run: Run<Params<"pack">, LayerBlob>): Run<Params<"pack">, LayerBlob> {
  const packed = reviving(run);
  return async ({ plan, epoch, ...params }, options) => {
    const { pieces } = "pieces" in plan ? plan : await packedPlan(plan, epoch, options.signal);
    return packed({ ...params, plan: { pieces } }, { ...options, transfer: pieces.flatMap(ownBuffer) });
  };
}

/** Returns the block of memory that holds nothing but these bytes, if there is one. */
function ownBuffer({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}
