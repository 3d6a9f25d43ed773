/** The program of the worker process (dist/worker.js): the tasks that need mapped ids, the heavy ones on threads. */
import { lchownSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../core/package-root.js";
import { ThreadPool } from "../core/thread-pool.js";
import { fsPath } from "../oci/path-bytes.js";
import { serveWorker } from "../executor-native/worker/server.js";

const pool = new ThreadPool({ entry: join(packageRoot(), "dist", "thread.js") });

serveWorker({
  pool,
  threaded: ["apply", "diff", "pack"],
  tasks: {
    chown: ({ path, uid, gid }: { readonly path: string; readonly uid: number; readonly gid: number }) => lchownSync(path, uid, gid),
    readFile: ({ path }: { readonly path: string }) => readFileSync(fsPath(path)),
  },
});
