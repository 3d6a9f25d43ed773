import { availableParallelism } from "node:os";
import type { TaskContext } from "../../../core/tasks/thread-pool.js";
import { CanceledError, throwIfAborted } from "../../../core/errors.js";
import { type HashFiles, hashFiles } from "./hash-files.js";
import { filesOf, type HashedBlock } from "./hashed-columns.js";

/** Runs the task `hashFiles` on some thread. */
type RunHashTask = (params: HashTaskParams, options: { readonly signal?: AbortSignal }) => Promise<HashedBlock>;

interface HashTaskParams {
  readonly paths: readonly string[];
}

/**
 * Files in a task: some milliseconds of work with small ones, so that no thread is left with the
 * rest while others are done.
 */
const BATCH = 512;

/** Milliseconds between checks for a caller that gave up. */
const POLL = 20;

/**
 * Returns a {@link HashFiles} that uses as many threads as there are. The first failure counts once
 * every batch has ended.
 */
export function hashOnThreads(run: RunHashTask, threads = availableParallelism()): HashFiles {
  return async (paths, options = {}) => {
    // Few large files make small batches: each thread gets its share.
    const size = Math.max(1, Math.min(BATCH, Math.ceil(paths.length / (threads * 4))));
    const batches: Promise<HashedBlock>[] = [];
    for (let at = 0; at < paths.length; at += size) {
      batches.push(run({ paths: paths.slice(at, at + size) }, options.signal ? { signal: options.signal } : {}));
    }
    const ended = await Promise.allSettled(batches);
    const results = ended.map((batch) => {
      if (batch.status === "rejected") throw batch.reason;
      return batch.value;
    });
    return { [Symbol.iterator]: () => filesOf(results) };
  };
}

/** Hashes files in a task's thread. */
export async function hashFilesTask({ paths }: HashTaskParams, context: Pick<TaskContext, "aborted">): Promise<HashedBlock> {
  const stop = new AbortController();
  const look = () => {
    if (context.aborted) stop.abort(new CanceledError());
  };
  look();
  const poll = setInterval(look, POLL);
  try {
    throwIfAborted(stop.signal);
    return (await hashFiles(paths, { signal: stop.signal })).block();
  } finally {
    clearInterval(poll);
  }
}
