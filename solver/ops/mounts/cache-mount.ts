import { chmodSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { UNFINISHED_MOUNT } from "../../../cache/content/cache-mounts.js";
import type { Lock } from "../../../cache/contract/locks.js";
import type { Ports, Sandboxes } from "../../ports.js";
import { acquireLock } from "../../layers/ensure-blob.js";
import type { OpContext } from "../../engine/op.js";
import { type CacheMount, cacheMountName } from "./cache-mount-name.js";
import type { Seed } from "./cache-mount-seed.js";
import type { MountReleases } from "./mount-releases.js";
import type { MountInputs } from "./mount-source.js";

export type CacheMountPorts = Ports<"layers" | "past" | "mounts" | "sandboxes">;

/**
 * Returns the directories of a step's cache mounts. Mounts of one name and one way of sharing have
 * one directory. Takes them in the order of their names, so that two steps which lock the same
 * mounts never wait for each other.
 */
export async function cacheDirectories(
  mounts: readonly CacheMount[],
  sources: MountInputs,
  ports: CacheMountPorts,
  opContext: OpContext,
  held: MountReleases,
): Promise<ReadonlyMap<CacheMount, string>> {
  const named: { readonly mount: CacheMount; readonly name: string; readonly seed: Seed | undefined }[] = [];
  for (const mount of mounts) {
    const input = mount.input < 0 ? undefined : sources.inputs[mount.input];
    const seed = input && (await (await import("./cache-mount-seed.js")).seedOf(mount, input, sources, ports, opContext));
    named.push({ mount, name: cacheMountName(mount, seed?.digest), seed });
  }
  const taken = new Map<string, string>();
  const directories = new Map<CacheMount, string>();
  for (const { mount, name, seed } of named.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))) {
    const key = `${name} ${mount.sharing}`;
    const path = taken.get(key) ?? (await cacheDirectory(mount, name, seed, ports, opContext, held));
    taken.set(key, path);
    directories.set(mount, path);
  }
  return directories;
}

async function cacheDirectory(
  mount: CacheMount,
  name: string,
  seed: Seed | undefined,
  ports: CacheMountPorts,
  opContext: OpContext,
  held: MountReleases,
): Promise<string> {
  const { mounts, sandboxes } = ports;
  const { store } = ports.layers;
  const { index, lock } = await takeDirectory(mount, name, store, opContext);
  held.push(() => lock.release());
  const path = store.cacheMountPath(index === 0 ? name : `${name}-${index}`, mount.id);
  await mounts.fresh?.empty(path, () => sandboxes.worker(), seed);
  const making = await acquireLock(store, `mount-made-${path}`, `another step that makes cache mount "${mount.id}"`, opContext);
  try {
    if (!existsSync(path)) await makeCacheDirectory(mount, path, { seed, restore: (to) => mounts.restore(name, to, opContext) }, sandboxes);
  } finally {
    making.release();
  }
  return path;
}

/**
 * Takes one of the numbered directories of a cache mount. `locked` waits until the first is free.
 * `private` takes the first free one, `shared` the first that is not locked: files of a locked one
 * never change for another step.
 */
async function takeDirectory(
  mount: CacheMount,
  name: string,
  store: Ports<"layers">["layers"]["store"],
  opContext: OpContext,
): Promise<{ readonly index: number; readonly lock: Lock }> {
  if (mount.sharing === "locked")
    return { index: 0, lock: await acquireLock(store, `mount-${name}-0`, `another step that uses cache mount "${mount.id}"`, opContext) };
  for (let index = 0; ; index++) {
    const lockName = `mount-${name}-${index}`;
    const lock = mount.sharing === "private" ? store.locks.tryAcquire(lockName) : store.locks.tryShare(lockName);
    if (lock) return { index, lock };
  }
}

/**
 * Makes a directory under another name first: no other build finds a mount whose owner and mode are
 * not set yet, not even after a crash.
 */
async function makeCacheDirectory(
  mount: CacheMount,
  path: string,
  content: { readonly seed: Seed | undefined; readonly restore: (path: string) => Promise<boolean> },
  sandboxes: Pick<Sandboxes, "worker">,
): Promise<void> {
  const { seed, restore } = content;
  const made = path + UNFINISHED_MOUNT;
  if (existsSync(made)) await (await sandboxes.worker()).remove([made]);
  if (seed) {
    mkdirSync(made);
    await seed.fill(made);
  } else if (!(await restore(made))) mkdirSync(made);
  const { uid, gid, mode } = seed && isPlain(mount) ? seed.root : mount;
  chmodSync(made, mode);
  if (uid !== 0 || gid !== 0) await (await sandboxes.worker()).task("chown", { path: made, uid, gid });
  renameSync(made, path);
}

/**
 * Returns true when a mount sets neither owner nor mode: one that begins with files then has those
 * of their directory.
 */
function isPlain({ uid, gid, mode }: CacheMount): boolean {
  return uid === 0 && gid === 0 && mode === 0o755;
}
