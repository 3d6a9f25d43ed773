import { availableParallelism } from "node:os";
import type { TaskContext } from "../../../core/tasks/thread-pool.js";
import { type Digest, digestHex, digestOfBytes } from "../../../core/digest.js";
import { CanceledError, throwIfAborted } from "../../../core/errors.js";
import type { Xattrs } from "../../../core/file-node.js";
import { type HashedFile, type HashFiles, hashFiles } from "./hash-files.js";

/** Runs the task `hashFiles` on some thread. */
type RunHashTask = (params: HashTaskParams, options: { readonly signal?: AbortSignal }) => Promise<HashTaskResult>;

interface HashTaskParams {
  readonly paths: readonly string[];
}

/**
 * Results as two blocks of memory, because cloning tens of thousands of objects takes as long as
 * hashing small files.
 */
interface HashTaskResult {
  /** 32 bytes for each file. */
  readonly digests: Uint8Array;
  /** dev, ino, size, mtime, ctime of each file. */
  readonly stats: BigInt64Array;
  /** Attributes of the files that have any, by index. */
  readonly xattrs: ReadonlyMap<number, Xattrs>;
}

const DIGEST = 32;
const WORDS = 5;

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
    const batches: Promise<HashTaskResult>[] = [];
    for (let at = 0; at < paths.length; at += size) {
      batches.push(run({ paths: paths.slice(at, at + size) }, options.signal ? { signal: options.signal } : {}));
    }
    const ended = await Promise.allSettled(batches);
    const results = ended.map((batch) => {
      if (batch.status === "rejected") throw batch.reason;
      return batch.value;
    });
    return { [Symbol.iterator]: () => decode(results) };
  };
}

/** Hashes files in a task's thread. */
export async function hashFilesTask({ paths }: HashTaskParams, context: Pick<TaskContext, "aborted">): Promise<HashTaskResult> {
  const stop = new AbortController();
  const look = () => {
    if (context.aborted) stop.abort(new CanceledError());
  };
  look();
  const poll = setInterval(look, POLL);
  try {
    throwIfAborted(stop.signal);
    const hashed = [...(await hashFiles(paths, { signal: stop.signal }))];
    const digests = Buffer.alloc(hashed.length * DIGEST);
    const stats = new BigInt64Array(hashed.length * WORDS);
    const attributes = new Map<number, Xattrs>();
    hashed.forEach(({ digest, stat: { dev, ino, size, mtimeNs, ctimeNs }, xattrs }, index) => {
      digests.write(digestHex(digest), index * DIGEST, "hex");
      stats.set([dev, ino, size, mtimeNs, ctimeNs], index * WORDS);
      if (xattrs) attributes.set(index, xattrs);
    });
    return { digests, stats, xattrs: attributes };
  } finally {
    clearInterval(poll);
  }
}

function* decode(results: readonly HashTaskResult[]): Generator<HashedFile, void> {
  for (const { digests, stats, xattrs: attributes } of results) {
    const bytes = Buffer.from(digests.buffer, digests.byteOffset, digests.byteLength);
    for (let index = 0; index * WORDS < stats.length; index++) {
      const [dev, ino, size, mtimeNs, ctimeNs] = stats.subarray(index * WORDS, (index + 1) * WORDS) as unknown as bigint[];
      const digest: Digest = digestOfBytes(bytes, index * DIGEST);
      const file: HashedFile = { digest, stat: { dev, ino, size, mtimeNs, ctimeNs } as HashedFile["stat"] };
      const xattrs = attributes.get(index);
      yield xattrs === undefined ? file : { ...file, xattrs };
    }
  }
}
