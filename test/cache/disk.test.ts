import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { openStore } from "../../cache/open-store.js";
import type { Store } from "../../cache/store.js";
import { sha256 } from "../../core/digest.js";
import { imageOf, key, layerBlob, open, temporaryRoot, toc } from "./support.js";

/** Saves a step with a layer of its own, under the key of its name. */
function step(store: Store, name: string): { readonly id: number } {
  const { id } = store.layers.addPacked(layerBlob(store, name), "uncompressed");
  return store.results.save({ keys: [key(name)], layers: [id], name: `RUN ${name}`, components: "" });
}

test("leases: a result that is replaced stays for whoever found it, and goes after", (t) => {
  const root = temporaryRoot(t.teardown);
  const first = openStore({ root });
  step(first, "a");
  first.close();

  const running = openStore({ root });
  const found = running.results.lookup(key("a"));
  const other = open(t.teardown, root);
  const { id } = other.layers.addPacked(layerBlob(other, "b"), "uncompressed");
  other.results.replace({ keys: [key("a")], layers: [id], name: "RUN b", components: "" });
  other.gc.collect({ unusedFor: 0 });
  t.truthy(found && running.layers.get(found.layers[0] ?? id));
  t.is(
    openOnce(root, (store) => store.results.lookup(key("a"))?.name),
    "RUN b",
  );
  t.deepEqual(other.gc.verify({ content: true }), []);
  running.close();
  t.deepEqual(
    other.gc.collect().removed.map(({ kind }) => kind),
    ["result", "layer", "blob", "toc"],
  );
});

/**
 * Opens a store for `body`. Other writes to the disk do not count unless a test sets `freeBytes`.
 */
function openOnce<T>(root: string, body: (store: Store) => T, freeBytes = (): number | undefined => undefined): T {
  const store = openStore({ root, freeBytes });
  try {
    return body(store);
  } finally {
    store.close();
  }
}

test("totals: what handles write adds up, without looking, to what is there", (t) => {
  const root = temporaryRoot(t.teardown);
  const large = 1 << 20;
  openOnce(root, (store) => {
    t.false(store.gc.exceeds(0), "a new store");
    store.blobs.writeSmall(Buffer.alloc(large, 1));
    t.true(store.gc.exceeds(large * 2.9));
    t.false(store.gc.exceeds(large * 3.1));
  });
  openOnce(root, (store) => {
    const active = store.layers.prepare();
    writeFileSync(join(active.fs, "f"), Buffer.alloc(large, 2));
    active.commitSnapshot();
    const mount = store.cacheMountPath("m");
    mkdirSync(mount);
    writeFileSync(join(mount, "f"), Buffer.alloc(large, 3));
  });
  openOnce(root, (store) => {
    t.true(store.gc.exceeds(large * 4.9), "what ended without asking counts, too");
    const total = store.gc.usage().reduce((sum, { bytes }) => sum + bytes, 0);
    t.true(total > 3 * large);
    t.true(store.gc.exceeds(total - 1));
    t.false(store.gc.exceeds(total));
    store.gc.pauseUntil(total);
    t.false(store.gc.exceeds(0), "no more can be had");
    store.gc.pauseUntil(0);
    store.gc.collect({ unusedFor: 0, mounts: true });
    t.false(store.gc.exceeds(large * 2), "the index and the reserve are left");
  });
});

test("totals: what nobody counted shows in the free space of the disk, and is looked at once", (t) => {
  const root = temporaryRoot(t.teardown);
  let free = 1000 << 20;
  const once = <T>(body: (store: Store) => T): T => openOnce(root, body, () => free);
  const total = once((store) => {
    store.blobs.writeSmall("x");
    return store.gc.usage().reduce((sum, { bytes }) => sum + bytes, 0);
  });
  const exceeds = () => once((store) => store.gc.exceeds(total + (5 << 20)));
  t.false(exceeds());
  free -= 4 << 20;
  t.false(exceeds(), "even all of it is not enough");
  free -= 2 << 20;
  t.true(exceeds());
  once((store) => store.gc.usage());
  t.false(exceeds(), "it was something else");
  free += 500 << 20;
  once((store) => store.blobs.writeSmall(Buffer.alloc(6 << 20)));
  t.true(exceeds(), "room that was made elsewhere hides nothing");
});

test("totals: what others add while everything is looked at is counted", (t) => {
  const root = temporaryRoot(t.teardown);
  const large = 1 << 20;
  openOnce(root, (store) => {
    store.blobs.writeSmall("x");
    const { list } = store.blobs;
    let added = false;
    // The walk comes by, and another process ends right after.
    store.blobs.list = function* (...args) {
      yield* list.apply(store.blobs, args);
      if (!added) openOnce(root, (other) => other.blobs.writeSmall(Buffer.alloc(large, 1)));
      added = true;
    };
    const total = store.gc.usage().reduce((sum, { bytes }) => sum + bytes, 0);
    t.true(store.gc.exceeds(total + large / 2));
  });
});

test("a clock that was put back: what was used in times to come can go, and is measured again", (t) => {
  const root = temporaryRoot(t.teardown);
  const now = Date.now;
  Date.now = () => now() + 1000 * 24 * 3_600_000;
  try {
    openOnce(root, (store) => {
      step(store, "a");
      mkdirSync(store.cacheMountPath("m"));
    });
  } finally {
    Date.now = now;
  }
  // A lease for a time, of a process that ended without giving it back.
  const module = new URL("../../cache/open-store.js", import.meta.url).href;
  const killed = spawnSync(process.execPath, [
    "--input-type=module",
    "--eval",
    `import { openStore } from ${JSON.stringify(module)};
const now = Date.now;
Date.now = () => now() + ${1000 * 24 * 3_600_000};
const { held } = openStore({ root: ${JSON.stringify(root)} }).leases.hold("mount", ["m"]);
if (held.length === 1) process.kill(process.pid, "SIGKILL");`,
  ]);
  t.is(killed.signal, "SIGKILL", String(killed.stderr));
  t.true(openOnce(root, (store) => (store.blobs.writeSmall("x"), store.gc.exceeds(1 << 30))));
  const removed = openOnce(root, (store) => store.gc.collect({ unusedFor: 0, mounts: true }).removed.map(({ kind }) => kind));
  t.true(removed.includes("result") && removed.includes("mount"), removed.join(" "));
});

test("collection: a layer's table of contents goes with it, however young; others stay for a while", (t) => {
  const root = temporaryRoot(t.teardown);
  const store = open(t.teardown, root);
  step(store, "a");
  const { diffId } = layerBlob(store, "a");
  store.layers.saveToc(toc(sha256("of a layer in the making")));
  const tocs = () => readdirSync(join(root, "v1", "toc")).length;
  const policy = { unusedFor: 0 };
  // A build's own handle leases its results.
  store.close();
  const kinds = (dryRun: boolean) => openOnce(root, (next) => next.gc.collect(policy, { dryRun }).removed.map(({ kind }) => kind));
  t.deepEqual(kinds(true), ["result", "layer", "blob", "toc"]);
  t.is(tocs(), 2);
  t.deepEqual(kinds(false), ["result", "layer", "blob", "toc"]);
  t.is(tocs(), 1);
  t.is(
    openOnce(root, (next) => next.layers.toc(diffId)),
    undefined,
  );
});

test("usage: says who keeps what", (t) => {
  const root = temporaryRoot(t.teardown);
  const store = open(t.teardown, root);
  step(store, "a");
  const layer = layerBlob(store, "a");
  const { target, config } = imageOf(store, "app", [layer]);
  store.images.set("docker.io/library/app:1", target, 1);
  const stray = store.blobs.writeSmall("stray");
  store.close();
  const usage = new Map(openOnce(root, (next) => next.gc.usage()).map((item) => [item.id, item]));
  t.like(usage.get(layer.digest), {
    name: "RUN a",
    inUse: true,
    usedBy: { images: ["app:1"], base: false, steps: 1, running: false },
  });
  t.like(usage.get(layer.diffId), { kind: "toc", name: "RUN a", usedBy: { steps: 1 } });
  t.like(usage.get(target.digest), { name: "manifest of app:1", usedBy: { images: ["app:1"], steps: 0 } });
  t.like(usage.get(config), { name: "config of app:1" });
  t.like(usage.get(stray.digest), { name: undefined, inUse: false });
});

test("verify: names every kind of damage", (t) => {
  const root = temporaryRoot(t.teardown);
  const store = open(t.teardown, root);
  step(store, "a");
  const [layer, other] = [layerBlob(store, "in an image"), layerBlob(store, "lost")];
  store.images.set("docker.io/library/app:1", imageOf(store, "app", [layer, other]).target, 1);
  const { id } = store.layers.addPacked(layerBlob(store, "b"), "uncompressed");
  store.layers.prepareSnapshot(id).commitSnapshot();
  t.deepEqual(store.gc.verify({ content: true }), []);
  appendFileSync(store.blobs.path(layer.digest), "x");
  rmSync(store.blobs.path(other.digest));
  rmSync(store.layers.snapshotPath(id), { recursive: true });
  for (const name of ["snapshots/stray", "mounts/stray", "tmp/dead"]) mkdirSync(join(root, "v1", name));
  t.deepEqual([...store.gc.verify({ content: true })].map((text) => text.replace(/sha256:[0-9a-f]{64}/g, "D")).sort(), [
    "blob D has other bytes: their digest is D",
    "image docker.io/library/app:1: its layer D is missing",
    `layer ${id} is unpacked, but its snapshot is missing`,
    "mounts/stray belongs to nothing",
    "snapshots/stray belongs to nothing",
    "tmp/dead is of a dead process",
  ]);
});
