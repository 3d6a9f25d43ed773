/**
 * The program of the worker process (dist/worker.cjs): work that needs mapped ids. Work on whole
 * layers goes to threads.
 */
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { diskUsage } from "../../cache/disk-usage.js";
import { packageRoot } from "../../core/package-root.js";
import { ThreadPool } from "../../core/tasks/thread-pool.js";
import { serveWorker } from "../../executor-native/worker/server.js";
import { setMetadata, setOwner } from "../../oci/layer/read/set-metadata.js";
import { writeMountOwner } from "../../oci/layer/model/virtual-owners.js";
import type { NodeMeta } from "../../core/file-node.js";
import { fsPath } from "../../core/system/path-bytes.js";
import { removeFromFiles } from "../../core/system/text-of-files.js";
import { syncfs } from "../../core/system/posix.js";

const pool = new ThreadPool({ entry: join(packageRoot(), "dist", "thread.cjs") });

serveWorker({
  tasks: {
    chown: ({ path, uid, gid }: { readonly path: string; readonly uid: number; readonly gid: number }) =>
      writeMountOwner(path, { uid, gid }, setOwner(path, { uid, gid })),
    diskUsage: ({ paths }: { readonly paths: readonly string[] }) => paths.map((path) => diskUsage(path).bytes),
    /** Sets owner, attributes and mode of a directory. */
    prepareRoot: ({ path, meta }: { readonly path: string; readonly meta: NodeMeta }) => void setMetadata(path, meta),
    /** Returns true when everything on the file system of a directory is on its disk. */
    sync: async ({ directory }: { readonly directory: string }) => {
      const fd = openSync(directory, "r");
      try {
        return await syncfs(fd);
      } finally {
        closeSync(fd);
      }
    },
    removeFromFiles: ({
      root,
      directories,
      text,
    }: {
      readonly root: string;
      readonly directories: readonly string[];
      readonly text: Uint8Array;
    }) => removeFromFiles(root, directories, text),
    /** Starts a thread for work that is about to come. */
    prepareThread: () => pool.prepare(),
    readFile: ({ path }: { readonly path: string }) => readFileSync(fsPath(path)),
  },
  runTask: (name, params, { signal, progress }) => pool.run(name, params, { signal, onProgress: progress }),
});
