import { outOfMemory } from "./errors.js";
import { availableParallelism } from "node:os";
import { Worker, parentPort, workerData } from "node:worker_threads";
import { isOutOfDescriptors, outOfDescriptors } from "../system/descriptors.js";
import { type TransferredError, restoreError, transferError } from "../error-transfer.js";
import { abortError, CanceledError, throwIfAborted } from "../errors.js";

/**
 * Services for a running task. An AbortSignal has `aborted` too, so a task can also be called
 * without a pool.
 */
export interface TaskContext {
  /**
   * True once the caller gave up. A loop may poll it without awaiting: it is read from shared
   * memory.
   */
  readonly aborted: boolean;
  /** Sends a structured-cloneable value to the caller's `onProgress`. */
  progress?(value: unknown): void;
}

/** One task: structured-cloneable data in and out, or a promise of that. */
type Task = (params: never, context: TaskContext) => unknown;

interface ThreadPoolOptions {
  /** Module that calls {@link serveThread}; absolute path or file URL. */
  readonly entry: string | URL;
  /** Most threads at once; default: available parallelism. */
  readonly size?: number;
  /** Milliseconds that a task waits for a busy thread before another one is started. */
  readonly growthMs?: number;
  /**
   * Milliseconds that a cancelled task may take to stop by itself before its thread is ended.
   * Default 2,000.
   */
  readonly graceMs?: number;
}

/**
 * Megabytes for new objects of a thread. Note that we do not leave it at V8's 48, because each
 * thread fills that with garbage before it looks for any, however little lives.
 */
const YOUNG_GENERATION = 6;

/**
 * Milliseconds that a task waits for a busy thread before another one is started. Note that we do
 * not start it at once, because its start takes longer than most tasks.
 */
const GROWTH = 10;

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (value: unknown) => void;
  /** Blocks of memory in the parameters that go to the thread as they are and are empty here. */
  readonly transfer?: readonly ArrayBuffer[];
}

type Request = { readonly name: string; readonly params: unknown };
type Reply =
  | { readonly type: "progress"; readonly value: unknown }
  | { readonly type: "done"; readonly value: unknown }
  | { readonly type: "failed"; readonly error: TransferredError };

interface Job {
  readonly request: Request;
  readonly options: RunOptions;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** Set while it waits for a thread: stops listening to its signal. */
  leaveQueue?: () => void;
}

interface Thread {
  readonly worker: Worker;
  /** One Int32 shared with the thread: 1 asks its task to stop. */
  readonly flag: Int32Array;
  finish: ((reply: Reply | Error) => void) | undefined;
  progress: ((value: unknown) => void) | undefined;
  /** True once the thread was asked to end: it gets no further task, and `close` waits for it. */
  ending: boolean;
}

/**
 * Runs named tasks on worker threads. The first thread starts with the first task, others when
 * tasks wait for a while. Threads are kept; idle ones do not keep the process alive. Each thread
 * runs one task at a time. Tasks without a thread wait in order of arrival. An aborted task rejects
 * with CanceledError after it stopped, so that its files are gone or may be removed by then.
 */
export class ThreadPool {
  readonly #entry: string | URL;
  readonly #size: number;
  readonly #graceMs: number;
  readonly #growthMs: number;
  readonly #threads = new Set<Thread>();
  readonly #idle: Thread[] = [];
  readonly #queue: Job[] = [];
  #growing: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ThreadPoolOptions) {
    this.#entry = options.entry;
    this.#size = Math.max(1, options.size ?? availableParallelism());
    this.#graceMs = options.graceMs ?? 2000;
    this.#growthMs = options.growthMs ?? GROWTH;
  }

  run<R>(name: string, params: unknown, options: RunOptions = {}): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      throwIfAborted(options.signal);
      if (this.#closed) throw new Error(`internal: task "${name}" was given to a closed thread pool`);
      const job: Job = { request: { name, params }, options, resolve: resolve as (value: unknown) => void, reject };
      const thread = this.#idle.pop() ?? (this.#threads.size === 0 ? this.#start() : undefined);
      if (thread) this.#assign(thread, job);
      else this.#enqueue(job);
    });
  }

  /** Starts the first thread before there is a task for it. */
  prepare(): void {
    if (this.#closed || this.#threads.size > 0) return;
    const thread = this.#start();
    thread.worker.unref();
    this.#idle.push(thread);
  }

  /** Ends every thread; tasks that run or wait are rejected. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#growing);
    for (let job = this.#dequeue(); job; job = this.#dequeue()) job.reject(closedWhileRunning());
    await Promise.all(
      [...this.#threads].map((thread) => {
        const ended = this.#end(thread);
        thread.finish?.(closedWhileRunning());
        return ended;
      }),
    );
  }

  /**
   * Ends a thread. Note that a thread that ends is never taken for idle, because an answer that it
   * sent before may still arrive. Such a thread would get a task that nobody performs, and `close`
   * would not wait for its end.
   */
  async #end(thread: Thread): Promise<void> {
    thread.ending = true;
    const idle = this.#idle.indexOf(thread);
    if (idle >= 0) this.#idle.splice(idle, 1);
    await thread.worker.terminate();
  }

  #enqueue(job: Job): void {
    this.#queue.push(job);
    if (this.#threads.size < this.#size) this.#growing ??= setTimeout(() => this.#grow(), this.#growthMs);
    const { signal } = job.options;
    if (!signal) return;
    const abort = () => {
      this.#queue.splice(this.#queue.indexOf(job), 1);
      job.reject(abortError(signal));
    };
    signal.addEventListener("abort", abort, { once: true });
    job.leaveQueue = () => signal.removeEventListener("abort", abort);
  }

  /** Starts a thread for each waiting task, as far as there may be more. */
  #grow(): void {
    this.#growing = undefined;
    while (this.#threads.size < this.#size) {
      const job = this.#dequeue();
      if (!job) return;
      this.#assign(this.#start(), job);
    }
  }

  #dequeue(): Job | undefined {
    const job = this.#queue.shift();
    job?.leaveQueue?.();
    return job;
  }

  #assign(thread: Thread, { request, options, resolve, reject }: Job): void {
    const { signal, onProgress } = options;
    let timer: NodeJS.Timeout | undefined;
    const abort = () => {
      Atomics.store(thread.flag, 0, 1);
      timer = setTimeout(() => void this.#end(thread), this.#graceMs);
    };
    thread.progress = onProgress;
    thread.finish = (reply) => {
      thread.finish = undefined;
      thread.progress = undefined;
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      if (signal?.aborted) reject(abortError(signal));
      else if (reply instanceof Error) reject(reply);
      else if (reply.type === "failed") reject(restoreError(reply.error));
      else resolve(reply.value);
    };
    Atomics.store(thread.flag, 0, 0);
    signal?.addEventListener("abort", abort, { once: true });
    thread.worker.ref();
    try {
      thread.worker.postMessage(request, options.transfer ?? []);
    } catch (error) {
      // Params that cannot be cloned: the thread never saw the task.
      thread.finish(new Error(`internal: the parameters of task "${request.name}" could not be cloned`, { cause: error }));
      this.#release(thread);
    }
  }

  #release(thread: Thread): void {
    if (thread.ending) return;
    const job = this.#dequeue();
    if (job) {
      this.#assign(thread, job);
      return;
    }
    thread.worker.unref();
    this.#idle.push(thread);
  }

  #start(): Thread {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    // The host's own flags are not for our threads: `--input-type`, for one, would keep them from
    // starting.
    const worker = new Worker(this.#entry, {
      workerData: { tsbuildTaskFlag: flag },
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION },
    });
    const thread: Thread = { worker, flag, finish: undefined, progress: undefined, ending: false };
    this.#threads.add(thread);
    let failure: Error | undefined;
    worker.on("message", (reply: Reply) => {
      if (reply.type === "progress") {
        thread.progress?.(reply.value);
        return;
      }
      thread.finish?.(reply);
      this.#release(thread);
    });
    worker.on("error", (error: Error) => {
      failure = error;
    });
    worker.on("exit", (code) => {
      this.#threads.delete(thread);
      const idle = this.#idle.indexOf(thread);
      if (idle >= 0) this.#idle.splice(idle, 1);
      thread.finish?.(threadDied(failure, code));
      const job = this.#closed ? undefined : this.#dequeue();
      if (job) this.#assign(this.#start(), job);
    });
    return thread;
  }
}

function closedWhileRunning(): Error {
  return new CanceledError("The build was canceled: its threads were closed");
}

function threadDied(failure: Error | undefined, code: number): Error {
  const memory = failure && "code" in failure && failure.code === "ERR_WORKER_OUT_OF_MEMORY";
  if (memory) {
    return outOfMemory(failure);
  }
  if (isOutOfDescriptors(failure)) return outOfDescriptors("Cannot start a thread", failure);
  return new Error(`internal: a thread ended with ${failure ? `"${failure.message}"` : `exit code ${code}`} while it ran a task`, {
    cause: failure,
  });
}

/** Makes this thread, started by a {@link ThreadPool}, answer with these tasks. */
export function serveThread(tasks: Readonly<Record<string, Task>>): void {
  const port = parentPort;
  const flag = (workerData as { readonly tsbuildTaskFlag?: Int32Array } | undefined)?.tsbuildTaskFlag;
  if (!port || !flag) throw new Error("internal: serveThread was called outside a thread of a ThreadPool");
  const context: TaskContext = {
    get aborted() {
      return Atomics.load(flag, 0) !== 0;
    },
    progress: (value) => port.postMessage({ type: "progress", value } satisfies Reply),
  };
  const answer = async ({ name, params }: Request): Promise<void> => {
    let reply: Reply;
    try {
      const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
      if (!task) throw new Error(`internal: this thread has no task "${name}"`);
      reply = { type: "done", value: await task(params as never, context) };
    } catch (error) {
      reply = { type: "failed", error: transferError(error) };
    }
    try {
      port.postMessage(reply);
    } catch (error) {
      // A result or progress value that cannot be cloned.
      port.postMessage({ type: "failed", error: transferError(error) } satisfies Reply);
    }
  };
  port.on("message", (request: Request) => void answer(request));
}
