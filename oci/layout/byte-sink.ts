import { archiveNotWritten } from "./errors.js";
import { closeSync, openSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { Writable } from "node:stream";
import { checkFileDestination } from "../../core/system/destination.js";
import { abortError, systemErrorCode, throwIfAborted, TsbuildError } from "../../core/errors.js";
import { openOutputPipe } from "../../core/system/output-pipe.js";
import { removeAbandoned, temporaryName } from "../../core/system/temporary-files.js";
import { systemReason } from "../../core/system/system-reason.js";
import { writeAll, writeAllOnThread } from "../../core/system/write-all.js";

/** Destination of a result's bytes. A sink ends with exactly one of `commit` and `discard`. */
export interface ByteSink {
  /**
   * Writes bytes. The caller keeps the buffer unchanged, and calls nothing else, until a returned
   * promise has resolved.
   */
  write(bytes: Uint8Array): void | Promise<void>;
  /** Makes the complete result visible. */
  commit(): void | Promise<void>;
  /** Removes everything half-written after a failure. Never throws. */
  discard(): void;
}

interface SinkOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called before a wait for the reader of a pipe, with the name of the pipe. */
  readonly onWait?: (what: string) => void;
}

/** Returns a sink for a path or a stream. */
async function openSink(dest: string | Writable, options: SinkOptions): Promise<ByteSink> {
  if (typeof dest !== "string") return streamSink(dest, "the output", options.signal);
  return isPipe(dest) ? pipeSink(dest, options) : fileSink(dest);
}

function isPipe(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;
  } catch {
    return false; // The check of the destination says why.
  }
}

async function pipeSink(path: string, { signal, onWait }: SinkOptions): Promise<ByteSink> {
  const what = `"${path}"`;
  let stream: Writable;
  try {
    stream = await openOutputPipe(path, signal, () => onWait?.(`waiting for a reader of ${path}`));
  } catch (cause) {
    throw cause instanceof TsbuildError ? cause : writeError(what, cause);
  }
  const sink = streamSink(stream, what, signal);
  return {
    ...sink,
    discard() {
      sink.discard();
      stream.destroy();
    },
  };
}

/** Runs `produce` with a sink. Commits the sink on success and discards it on failure. */
export async function withSink<T>(dest: string | Writable, options: SinkOptions, produce: (sink: ByteSink) => Promise<T>): Promise<T> {
  throwIfAborted(options.signal);
  const sink = await openSink(dest, options);
  try {
    const result = await produce(sink);
    throwIfAborted(options.signal);
    await sink.commit();
    return result;
  } catch (error) {
    sink.discard();
    throw error;
  }
}

/**
 * Returns a sink for a file, which is replaced when the new one is complete. A path that is no
 * regular file, such as a terminal, is written to directly.
 */
function fileSink(path: string): ByteSink {
  const fail = (cause: unknown): never => {
    if (cause instanceof TsbuildError) throw cause;
    throw writeError(`"${path}"`, cause);
  };
  let target = path;
  let direct = false;
  let temporary = path;
  let fd: number;
  try {
    checkFileDestination(path);
    const found = statSync(path, { throwIfNoEntry: false });
    direct = found !== undefined && !found.isFile();
    // A link keeps pointing to the file that it names.
    if (found?.isFile()) target = realpathSync(path);
    if (!direct) {
      removeAbandoned(dirname(target));
      temporary = temporaryName(dirname(target), basename(target));
    }
    fd = openSync(temporary, direct ? "w" : "wx");
  } catch (error) {
    return fail(error);
  }
  return {
    write(bytes) {
      if (bytes.length >= LARGE_WRITE) return writeAllOnThread(fd, bytes).catch(fail);
      try {
        writeAll(fd, bytes);
      } catch (error) {
        fail(error);
      }
    },
    commit() {
      try {
        closeSync(fd);
        if (!direct) renameSync(temporary, target);
      } catch (error) {
        fail(error);
      }
    },
    discard() {
      try {
        closeSync(fd);
      } catch {
        // A commit that failed later has closed it.
      }
      if (!direct) rmSync(temporary, { force: true });
    },
  };
}

/**
 * Bytes from which a write is worth another thread: meanwhile this thread reads and verifies the
 * next bytes.
 */
const LARGE_WRITE = 256 << 10;

/**
 * Returns a sink for a stream. Waits while the stream is full, and ends it on commit. Leaves it as
 * it is on failure; the owner of the stream sees the error.
 */
function streamSink(stream: Writable, what: string, signal: AbortSignal | undefined): ByteSink {
  let failure: unknown;
  stream.on("error", remember);
  function remember(error: unknown): void {
    failure ??= error;
  }
  const check = (): void => {
    throwIfAborted(signal);
    if (failure !== undefined) throw writeError(what, failure);
    if (stream.destroyed) throw writeError(what, Object.assign(new Error("it was closed"), { code: "EPIPE" }));
  };
  /** Waits for `event`. A stream that dies, or an abort, ends the wait. */
  const until = (event: "drain" | "finish"): Promise<void> =>
    new Promise((resolve, reject) => {
      const done = (): void => {
        for (const name of [event, "error", "close"]) stream.off(name, finishWait);
        signal?.removeEventListener("abort", finishWait);
      };
      const finishWait = (): void => {
        done();
        if (signal?.aborted) reject(abortError(signal));
        else if (failure !== undefined) reject(writeError(what, failure));
        else if (event === "drain" && stream.destroyed)
          reject(writeError(what, Object.assign(new Error("it was closed"), { code: "EPIPE" })));
        else resolve();
      };
      for (const name of [event, "error", "close"]) stream.on(name, finishWait);
      signal?.addEventListener("abort", finishWait, { once: true });
    });
  return {
    write(bytes) {
      check();
      return stream.write(bytes) ? undefined : until("drain");
    },
    async commit() {
      check();
      const finished = until("finish");
      stream.end();
      await finished;
      stream.off("error", remember);
    },
    discard() {
      stream.off("error", remember);
      // A later error has no listener any more and must not end the process.
      stream.on("error", () => undefined);
    },
  };
}

function writeError(what: string, cause: unknown): TsbuildError {
  const reason = systemErrorCode(cause) === "EPIPE" ? "its reader has gone" : systemReason(cause);
  return archiveNotWritten(what, reason, cause);
}
