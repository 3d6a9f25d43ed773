/** The program of the worker process (dist/worker.js): what needs mapped ids. Work on whole layers goes to threads. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { diskUsage } from "../cache/disk-usage.js";
import { packageRoot } from "../core/package-root.js";
import { ThreadPool } from "../core/thread-pool.js";
import { serveWorker } from "../executor-native/worker/server.js";
import { setMetadata, setOwner } from "../oci/layer/set-metadata.js";
import { type Owner, writeVirtualOwners } from "../oci/layer/virtual-owners.js";
import type { NodeMeta } from "../oci/layer/toc.js";
import { fsPath } from "../oci/path-bytes.js";

const pool = new ThreadPool({ entry: join(packageRoot(), "dist", "thread.js") });

serveWorker({
  tasks: {
    chown: ({ path, uid, gid }: { readonly path: string; readonly uid: number; readonly gid: number }) => chown(path, { uid, gid }),
    diskUsage: ({ paths }: { readonly paths: readonly string[] }) => paths.map((path) => diskUsage(path).bytes),
    /** Owner, attributes and mode of a directory. */
    dress: ({ path, meta }: { readonly path: string; readonly meta: NodeMeta }) => setMetadata(path, meta),
    readFile: ({ path }: { readonly path: string }) => readFileSync(fsPath(path)),
  },
  runTask: (name, params, { signal, progress }) => pool.run(name, params, { signal, onProgress: progress }),
});

/** Of what is mounted into steps by itself: its owner is found beside it where it cannot carry one. */
function chown(path: string, owner: Owner): void {
  if (!setOwner(path, owner)) writeVirtualOwners(path, new Map([[path, owner]]));
}
