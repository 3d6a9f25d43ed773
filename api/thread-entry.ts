/** The program of threads (dist/thread.js), in the main process and in the worker. */
import { serveThread } from "../core/thread-pool.js";
import { layerTasks } from "../oci/layer/task-table.js";

serveThread({ ...layerTasks });
