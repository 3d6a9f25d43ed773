/** The program of threads (dist/thread.cjs), in the main process and in the worker. */
import { serveThread } from "../../core/tasks/thread-pool.js";
import { layerTasks } from "../../oci/layer/task-table.js";
import { hashFilesTask } from "../../solver/ops/local/hash-on-threads.js";

serveThread({ ...layerTasks, hashFiles: hashFilesTask });
