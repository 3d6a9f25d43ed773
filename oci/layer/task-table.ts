import { apply } from "./apply.js";
import { check } from "./check-snapshot.js";
import { diff } from "./diff.js";
import { extract } from "./extract.js";
import { pack } from "./pack.js";
import { recompress } from "./recompress.js";
import { scan } from "./scan.js";
import type { LayerTasks } from "./tasks.js";

/** Every task on layers by its name, as threads serve them. Each also takes a context whose `aborted` ends it. */
export const layerTasks = { scan, pack, extract, apply, diff, check, recompress } satisfies LayerTasks;
