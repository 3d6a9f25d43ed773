import { mkdirSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { CacheMountPorts } from "../../../../solver/ops/mounts/cache-mount.js";
import type { OpContext } from "../../../../solver/engine/op.js";
import { cacheDirectories } from "../../../../solver/ops/mounts/cache-mount.js";
import type { CacheMount } from "../../../../solver/ops/mounts/cache-mount-name.js";
import { temporaryDirectory } from "../../../support/images/images.js";

const mount = (id: string, sharing: CacheMount["sharing"], dest = `/${id}`): CacheMount => ({
  type: "cache",
  id,
  sharing,
  dest,
  input: -1,
  selector: "",
  readonly: false,
  uid: 0,
  gid: 0,
  mode: 0o755,
});

/** Makes a context that only knows directories and locks. Other builds have those in `busy`. */
function contextWith(directory: string, busy: ReadonlySet<string> = new Set()) {
  const asked: string[] = [];
  const take = (how: string) => (name: string) => {
    asked.push(`${how} ${name.replace(/^mount-([0-9a-f]{4})[0-9a-f]*/, "$1")}`);
    return busy.has(name) ? undefined : { release: () => undefined };
  };
  const wait = async (name: string) => {
    if (!name.startsWith("mount-made-")) asked.push(`wait ${name.replace(/^mount-([0-9a-f]{4})[0-9a-f]*/, "$1")}`);
    return { release: () => undefined };
  };
  const cacheMountPath = (name: string): string => {
    const path = join(directory, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const store = { locks: { acquire: wait, tryAcquire: take("all"), tryShare: take("share") }, cacheMountPath };
  return { asked, context: { layers: { store }, mounts: { restore: async () => false } } as unknown as CacheMountPorts };
}

const OP = { signal: new AbortController().signal, progress: () => undefined } as unknown as OpContext;

test("cache mounts are locked in one order, whatever the order in the step", async (t) => {
  const directory = temporaryDirectory();
  t.teardown(directory.remove);
  const orders = [];
  for (const ids of [
    ["a", "b", "c"],
    ["c", "b", "a"],
    ["b", "c", "a"],
  ]) {
    const { asked, context } = contextWith(directory.path);
    await cacheDirectories(
      ids.map((id) => mount(id, "locked")),
      { inputs: [], names: undefined },
      context,
      OP,
      [],
    );
    t.is(asked.length, 3);
    orders.push(asked.join());
  }
  t.is(new Set(orders).size, 1, orders.join("; "));
});

test("a step that mounts a cache twice takes it once", async (t) => {
  const directory = temporaryDirectory();
  t.teardown(directory.remove);
  for (const sharing of ["locked", "private", "shared"] as const) {
    const { asked, context } = contextWith(directory.path);
    const both = [mount("a", sharing, "/one"), mount("a", sharing, "/two")];
    const paths = await cacheDirectories(both, { inputs: [], names: undefined }, context, OP, []);
    t.is(asked.length, 1, sharing);
    t.is(paths.get(both[0] as CacheMount), paths.get(both[1] as CacheMount));
  }
});
