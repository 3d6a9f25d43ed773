// The thread of thread-pool.test.ts.
import { openSync, readSync } from "node:fs";
import { parentPort, threadId } from "node:worker_threads";
import { CanceledError } from "../../../core/errors.js";
import { wholeError } from "../../support/whole-error.js";
import { type TaskContext, serveThread } from "../../../core/tasks/thread-pool.js";

serveThread({
  echo: (value: unknown) => value,
  thread: () => threadId,
  count: (to: number, context: TaskContext) => {
    for (let i = 1; i <= to; i++) context.progress?.(i);
    return to;
  },
  fail: () => {
    throw wholeError("layer/file-changed");
  },
  bug: () => {
    throw new TypeError("internal: x is not a function");
  },
  uncloneable: () => () => 0,
  /** Polls without ever giving control back to the event loop. */
  spin: (_: unknown, context: TaskContext) => {
    context.progress?.("spinning");
    while (!context.aborted);
    throw new CanceledError();
  },
  hang: (_: unknown, context: TaskContext) => {
    context.progress?.("hanging");
    for (;;);
  },
  exit: () => process.exit(3),
  /** Answers, and then cannot be ended before the pipe's writer closes it. */
  stay: (pipe: string) => {
    parentPort?.postMessage({ type: "done", value: "answered" });
    readSync(openSync(pipe, "r"), Buffer.alloc(1));
  },
});
