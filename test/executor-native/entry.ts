import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { wholeError } from "../support/whole-error.js";
import { serveWorker, type TaskContext } from "../../executor-native/worker/server.js";

/** Serves a worker with a few tasks to test the connection with. */
serveWorker({
  tasks: {
    echo: (params: unknown) => params,
    variable: (name: string) => process.env[name],
    ids: () => ({ uid: process.getuid?.(), map: readFileSync("/proc/self/uid_map", "utf8") }),
    count: async (params: { readonly to: number }, context: TaskContext) => {
      for (let i = 1; i <= params.to; i++) context.progress(i);
      return params.to;
    },
    fail: (params: { readonly kind: string }) => {
      if (params.kind === "user") throw wholeError("test/failed");
      readFileSync("/nonexistent");
    },
    wait: async (_params: unknown, context: TaskContext) => await delay(60_000, undefined, { signal: context.signal }),
    exit: () => process.exit(7),
  },
  runTask: async (name, params) => ({ name, params, elsewhere: true }),
});
