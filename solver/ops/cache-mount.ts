import { chmodSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { MOUNT_IN_THE_MAKING } from "../../cache/cache-mounts.js";
import { TsbuildError } from "../../core/errors.js";
import type { Mount } from "../../llb/ops.js";
import type { SolverContext } from "../context.js";
import type { OpContext } from "../engine/op.js";
import { cacheMountName } from "./cache-mount-name.js";
import type { Held } from "./exec-mounts.js";

/**
 * The directory of a cache mount. `locked` waits for other steps that use it; `private` takes the first numbered sibling that nobody uses;
 * `shared` takes it as it is.
 */
export async function cacheDirectory(
  mount: Mount & { type: "cache" },
  context: SolverContext,
  opContext: OpContext,
  held: Held,
): Promise<string> {
  if (mount.input >= 0)
    throw new TsbuildError(
      "build/cache-mount-from",
      `Cannot use cache mount "${mount.id}" with "from": this version starts cache mounts empty`,
      { hint: 'Drop "from" from the mount and fill the cache in the step' },
    );
  const { store } = context.layers;
  const name = cacheMountName(mount);
  let path = store.cacheMountPath(name, mount.id);
  if (mount.sharing === "locked") {
    const waiting = `another step that has cache mount "${mount.id}" locked`;
    let waited = false;
    const onWait = () => {
      waited = true;
      opContext.progress(waiting, 0, undefined, false);
    };
    const lock = await store.locks.acquire(`mount-${name}`, { signal: opContext.signal, onWait });
    held.push(() => lock.release());
    if (waited) opContext.progress(waiting, 0, undefined, true);
  }
  for (let index = 0; mount.sharing === "private"; index++) {
    const lock = store.locks.tryAcquire(`mount-${name}-${index}`);
    if (!lock) continue;
    held.push(() => lock.release());
    path = store.cacheMountPath(index === 0 ? name : `${name}-${index}`, mount.id);
    break;
  }
  await context.freshMounts?.empty(path, context.worker);
  const making = await store.locks.acquire(`mount-made-${path}`, { signal: opContext.signal });
  try {
    if (!existsSync(path)) await makeCacheDirectory(mount, path, (to) => context.restoreMount(name, to, opContext), context);
  } finally {
    making.release();
  }
  return path;
}

/** Under another name first: nobody finds a mount whose owner and mode are not set yet, not even after a crash. */
async function makeCacheDirectory(
  mount: Mount & { type: "cache" },
  path: string,
  restore: (path: string) => Promise<boolean>,
  context: SolverContext,
): Promise<void> {
  const made = path + MOUNT_IN_THE_MAKING;
  if (existsSync(made)) await (await context.worker()).remove([made]);
  if (!(await restore(made))) mkdirSync(made);
  chmodSync(made, mount.mode);
  if (mount.uid !== 0 || mount.gid !== 0) await (await context.worker()).task("chown", { path: made, uid: mount.uid, gid: mount.gid });
  renameSync(made, path);
}
