import { chmodSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { MOUNT_IN_THE_MAKING } from "../../cache/cache-mounts.js";
import type { SolverContext } from "../context.js";
import type { OpContext } from "../engine/op.js";
import type { StepResult } from "../result.js";
import { type CacheMount, cacheMountName } from "./cache-mount-name.js";
import type { Seed } from "./cache-mount-seed.js";
import type { Held } from "./exec-mounts.js";

/**
 * The directory of a cache mount. `locked` waits for other steps that use it; `private` takes the first numbered sibling that nobody uses;
 * `shared` takes it as it is.
 */
export async function cacheDirectory(
  mount: CacheMount,
  /** What it begins with; undefined: empty. */
  input: StepResult | undefined,
  context: SolverContext,
  opContext: OpContext,
  held: Held,
): Promise<string> {
  const { store } = context.layers;
  const seed = input && (await (await import("./cache-mount-seed.js")).seedOf(mount, input, context, opContext));
  const name = cacheMountName(mount, seed?.digest);
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
  await context.freshMounts?.empty(path, context.worker, seed);
  const making = await store.locks.acquire(`mount-made-${path}`, { signal: opContext.signal });
  try {
    if (!existsSync(path))
      await makeCacheDirectory(mount, path, { seed, restore: (to) => context.restoreMount(name, to, opContext) }, context);
  } finally {
    making.release();
  }
  return path;
}

/** Under another name first: nobody finds a mount whose owner and mode are not set yet, not even after a crash. */
async function makeCacheDirectory(
  mount: CacheMount,
  path: string,
  content: { readonly seed: Seed | undefined; readonly restore: (path: string) => Promise<boolean> },
  context: SolverContext,
): Promise<void> {
  const { seed, restore } = content;
  const made = path + MOUNT_IN_THE_MAKING;
  if (existsSync(made)) await (await context.worker()).remove([made]);
  if (seed) {
    mkdirSync(made);
    await seed.fill(made);
  } else if (!(await restore(made))) mkdirSync(made);
  const { uid, gid, mode } = seed && isPlain(mount) ? seed.root : mount;
  chmodSync(made, mode);
  if (uid !== 0 || gid !== 0) await (await context.worker()).task("chown", { path: made, uid, gid });
  renameSync(made, path);
}

/** Whether a mount says nothing of its owner and mode: then one that begins with files has those of their directory. */
function isPlain({ uid, gid, mode }: CacheMount): boolean {
  return uid === 0 && gid === 0 && mode === 0o755;
}
