import { apply } from "./read/apply.js";
import { check } from "./write/check-snapshot.js";
import { diff } from "./write/diff.js";
import { extract } from "./read/extract.js";
import { cut, index } from "./read/indexed-tar.js";
import { pack } from "./write/pack.js";
import { recompress } from "./write/recompress.js";
import { scan } from "./read/scan.js";
import type { LayerTasks } from "./model/tasks.js";

/**
 * Every task on layers by its name, for threads. Each also takes a context whose `aborted` ends it.
 */
export const layerTasks = { scan, pack, extract, index, cut, apply, diff, check, recompress } satisfies LayerTasks;
