import { hash } from "node:crypto";
import { join } from "node:path";
import { flock } from "../../core/system/posix.js";
import { CanceledError, throwIfAborted } from "../../core/errors.js";
import { lockHolder } from "./lock-holder.js";
import type { Lock, Locks } from "../contract/locks.js";
import { lockFile, type MakeDirectory, unlockFile, unlockShare } from "./lock-file.js";
import type { StorePaths } from "../paths.js";
import { makeStoreDirectory } from "../private-directory.js";

/**
 * Milliseconds between attempts at a lock of another process: short first, since most locks are
 * short.
 */
const FIRST_WAIT = 5;
const LONGEST_WAIT = 50;
/** Attempts between two queries for the holder: about a second. */
const LOOKS = 20;

interface Waiter {
  /** Called with the descriptor that has the lock. */
  readonly take: (fd: number) => void;
  readonly fail: (error: unknown) => void;
  /** Called with the holder of the lock. */
  readonly held: (holder: string | undefined) => void;
}

/**
 * One lock file in this process. Waiters stand in the queue; only the first one polls for other
 * processes' release.
 */
interface Entry {
  fd: number | undefined;
  readonly queue: Waiter[];
  timer: NodeJS.Timeout | undefined;
}

/**
 * Entries by path for the whole process: several handles of one store wait for each other without
 * polling.
 */
const entries = new Map<string, Entry>();

/** Locks as flock on files in `directory`, named by a hash because names may be anything. */
export class FileLocks implements Locks {
  readonly #paths: StorePaths;
  readonly #makeDirectory = (directory: string) => makeStoreDirectory(this.#paths, directory);

  constructor(paths: StorePaths) {
    this.#paths = paths;
  }

  acquire(
    name: string,
    options: { readonly signal?: AbortSignal; readonly onWait?: (holder: string | undefined) => void } = {},
  ): Promise<Lock> {
    return new Promise((resolve, reject) => {
      throwIfAborted(options.signal);
      const now = this.tryAcquire(name);
      if (now) return resolve(now);
      const path = this.#path(name);
      let holder = entries.get(path)?.fd === undefined ? lockHolder(path) : undefined;
      options.onWait?.(holder);
      const entry = entries.get(path) ?? { fd: undefined, queue: [], timer: undefined };
      entries.set(path, entry);
      const onAbort = () => {
        entry.queue.splice(entry.queue.indexOf(waiter), 1);
        forgetUnused(path, entry);
        reject(new CanceledError(undefined, { cause: options.signal?.reason }));
      };
      const waiter: Waiter = {
        take: (fd) => {
          options.signal?.removeEventListener("abort", onAbort);
          resolve(held(path, entry, fd));
        },
        fail: (error) => {
          options.signal?.removeEventListener("abort", onAbort);
          reject(error);
        },
        held: (now) => {
          if (now !== holder) options.onWait?.(now);
          holder = now;
        },
      };
      options.signal?.addEventListener("abort", onAbort, { once: true });
      entry.queue.push(waiter);
      if (entry.fd === undefined && !entry.timer) poll(path, entry, this.#makeDirectory, 0);
    });
  }

  tryAcquire(name: string): Lock | undefined {
    const path = this.#path(name);
    if (entries.has(path)) return undefined;
    const fd = lockFile(path, this.#makeDirectory);
    if (fd === undefined) return undefined;
    const entry: Entry = { fd, queue: [], timer: undefined };
    entries.set(path, entry);
    return held(path, entry, fd);
  }

  tryShare(name: string): Lock | undefined {
    const path = this.#path(name);
    const fd = lockFile(path, this.#makeDirectory, (opened) => flock(opened, "shared"));
    return fd === undefined ? undefined : { release: once(() => unlockShare(path, fd)) };
  }

  #path(name: string): string {
    return join(this.#paths.locks, hash("sha256", name, "hex").slice(0, 32));
  }
}

function held(path: string, entry: Entry, fd: number): Lock {
  return {
    release: once(() => {
      const next = entry.queue.shift();
      if (next) {
        next.take(fd);
        return;
      }
      entries.delete(path);
      unlockFile(path, fd);
    }),
  };
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}

function poll(path: string, entry: Entry, makeDirectory: MakeDirectory, looks: number): void {
  entry.timer = setTimeout(
    () => {
      entry.timer = undefined;
      try {
        const fd = lockFile(path, makeDirectory);
        if (fd === undefined) {
          if (looks % LOOKS === LOOKS - 1) notifyWaiters(path, entry);
          // The waiter may have given up in the callback: a lock without a waiter must not be
          // taken.
          if (entry.queue.length > 0) poll(path, entry, makeDirectory, looks + 1);
          return;
        }
        entry.fd = fd;
        entry.queue.shift()?.take(fd);
      } catch (error) {
        for (const waiter of entry.queue.splice(0)) waiter.fail(error);
        forgetUnused(path, entry);
      }
    },
    Math.min(FIRST_WAIT * 2 ** looks, LONGEST_WAIT),
  );
}

/**
 * Calls the waiters when another process has the lock than before, or when the holder was stopped
 * or continued.
 */
function notifyWaiters(path: string, entry: Entry): void {
  const holder = lockHolder(path);
  for (const waiter of entry.queue) waiter.held(holder);
}

/** Forgets an entry without waiters and owner. */
function forgetUnused(path: string, entry: Entry): void {
  if (entry.queue.length > 0 || entry.fd !== undefined) return;
  clearTimeout(entry.timer);
  entry.timer = undefined;
  entries.delete(path);
}

/**
 * Runs `body` alone among all processes. Blocks the event loop while it waits, for rare and short
 * work.
 */
export function withFileLock<T>(path: string, makeDirectory: MakeDirectory, body: () => T): T {
  const sleep = new Int32Array(new SharedArrayBuffer(4));
  let fd = lockFile(path, makeDirectory);
  for (; fd === undefined; fd = lockFile(path, makeDirectory)) Atomics.wait(sleep, 0, 0, FIRST_WAIT);
  try {
    return body();
  } finally {
    unlockFile(path, fd);
  }
}
