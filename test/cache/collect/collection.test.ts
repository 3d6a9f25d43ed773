import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { openStore } from "../../../cache/open-store.js";
import { openSqlite } from "../../../cache/database/sqlite.js";
import { sha256 } from "../../../core/digest.js";
import { imageOf, key, layerBlob, open, temporaryRoot } from "../support.js";

test("orphans: those that others leave while some are removed stay known", async (t) => {
  const root = temporaryRoot(t.teardown);
  const store = openStore({ root });
  t.teardown(() => store.close());
  store.layers.prepare().discard();
  const other = openSqlite(join(root, "v1", "index.db"));
  t.teardown(() => other.close());
  const leave = (name: string): void => other.exec(`INSERT INTO orphans (path) VALUES ('${name}')`);
  leave("/first");
  const refused = new Error("refused");
  await t.throwsAsync(
    store.removeOrphans(() => Promise.reject(refused)),
    { is: refused },
  );
  t.deepEqual(store.orphans(), ["/first"]);
  await store.removeOrphans(async (paths) => {
    t.deepEqual(paths, ["/first"]);
    leave("/second");
  });
  t.deepEqual(store.orphans(), ["/second"]);
});

test("collection: only what nothing refers to goes, and rmi takes an image's own blobs", (t) => {
  const root = temporaryRoot(t.teardown);
  const first = openStore({ root });
  const shared = layerBlob(first, "shared");
  const own = layerBlob(first, "own");
  const [a, b] = [imageOf(first, "a", [shared, own]), imageOf(first, "b", [shared])];
  const { id } = first.layers.addPacked(layerBlob(first, "step"), "uncompressed");
  first.layers.prepareSnapshot(id).commitSnapshot();
  first.results.save({ keys: [key("step")], layers: [id], name: "RUN", components: "" });
  first.images.set("n/a:1", a.target, 1);
  first.images.set("n/b:1", b.target, 1);
  const stray = first.blobs.writeSmall("stray");
  first.close();

  const store = open(t.teardown, root);
  t.deepEqual(
    store.gc.collect({}, { dryRun: true }).removed.map(({ id }) => id),
    [stray.digest],
  );
  t.true(store.blobs.has(stray.digest));
  t.like(store.gc.collect(), { removed: { length: 1 } });
  t.false(store.blobs.has(stray.digest));
  t.deepEqual(store.gc.sweepBlobs([a.target.digest]), []);
  store.images.remove("n/a:1");
  t.deepEqual([...store.gc.sweepBlobs([a.target.digest])].sort(), [a.target.digest, a.config, own.digest].sort());
  t.true(store.blobs.has(shared.digest));
  const running = openStore({ root });
  t.truthy(running.results.lookup(key("step")));
  t.deepEqual(store.gc.collect({ unusedFor: 0 }).removed, [], "what a running build has found stays");
  running.close();
  t.deepEqual(store.gc.collect({ unusedFor: 60_000 }).removed, []);

  const kinds = store.gc.collect({ unusedFor: 0 }).removed.map(({ kind }) => kind);
  t.deepEqual(kinds, ["result", "layer", "snapshot", "blob", "toc"]);
  t.is(store.results.lookup(key("step")), undefined);
  t.deepEqual(readdirSync(join(root, "v1", "snapshots")), []);
  t.deepEqual([store.orphans(), store.gc.verify()], [[], []]);
});

test("collection: keeps the most recently used within the bytes given", async (t) => {
  const root = temporaryRoot(t.teardown);
  const first = openStore({ root });
  for (const name of ["old", "middle", "young"]) {
    const { id } = first.layers.addPacked(layerBlob(first, name.repeat(20_000)), "uncompressed");
    first.results.save({ keys: [key(name)], layers: [id], name, components: "" });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  first.results.lookup(key("old"));
  first.close();
  const store = open(t.teardown, root);
  const total = store.gc.usage().reduce((sum, { bytes }) => sum + bytes, 0);
  store.gc.collect({ keepBytes: total - 1 });
  t.deepEqual(
    ["old", "middle", "young"].map((name) => store.results.lookup(key(name))?.name),
    ["old", undefined, "young"],
  );
  t.deepEqual(store.gc.verify(), []);
});

test("leases: what a handle writes, saves or holds stays, until it is released or closed", (t) => {
  const root = temporaryRoot(t.teardown);
  const writer = openStore({ root });
  const blob = writer.blobs.writeSmall("blob");
  const { id } = writer.layers.addPacked(layerBlob(writer, "layer"), "uncompressed");
  const saved = writer.results.save({ keys: [key("a")], layers: [id], name: "a", components: "" });
  const mount = writer.cacheMountPath("apt/lists");
  mkdirSync(mount);
  const other = open(t.teardown, root);
  t.deepEqual(other.gc.collect({ unusedFor: 0, mounts: true }).removed, []);
  writer.close();

  const reader = openStore({ root });
  const lease = reader.leases.hold("result", [saved.id, 9999]);
  t.deepEqual(lease.held, [String(saved.id)]);
  const again = reader.leases.hold("result", [saved.id]);
  lease.release();
  lease.release();
  const collected = other.gc.collect({ unusedFor: 0, mounts: true });
  t.deepEqual(
    collected.removed.map(({ kind, id }) => [kind, id]),
    [
      ["mount", "apt/lists"],
      ["blob", blob.digest],
    ],
  );
  t.false(existsSync(mount));
  t.not(reader.cacheMountPath("apt/lists"), mount);
  again.release();
  t.is(other.gc.collect({ unusedFor: 0 }).removed.filter(({ kind }) => kind === "result").length, 1);
  reader.close();
});

test("leases: results that are expected are leased in one commit, and looked up without another", (t) => {
  const root = temporaryRoot(t.teardown);
  const writer = openStore({ root });
  const { id } = writer.layers.addPacked(layerBlob(writer, "layer"), "uncompressed");
  const keys = Array.from({ length: 12 }, (_, i) => key(`step ${i}`));
  const saved = keys.map((one) => writer.results.save({ keys: [one], layers: [id], name: "a", components: "" }));
  writer.close();
  const log = () => statSync(join(root, "v1", "index.db-wal")).size;
  const reader = open(t.teardown, root);
  const grown = (body: () => void) => {
    const before = log();
    body();
    return log() - before;
  };
  const other = open(t.teardown, root);
  const alone = grown(() => keys.map((one) => other.results.lookup(one)));
  const together = grown(() => reader.results.expect([...keys, key("unknown")]));
  t.true(together > 0 && together * 4 < alone, `${together} bytes of log, ${alone} with a commit each`);
  other.close();
  const found = grown(() =>
    t.deepEqual(
      keys.map((one) => reader.results.lookup(one)?.id),
      saved.map((result) => result.id),
    ),
  );
  const held = grown(() => {
    const lease = reader.leases.hold(
      "result",
      saved.map((result) => result.id),
    );
    t.is(lease.held.length, 12);
    lease.release();
  });
  t.deepEqual({ found, held }, { found: 0, held: 0 });
  t.is(reader.results.lookup(key("unknown")), undefined);
  const collector = open(t.teardown, root);
  t.deepEqual(collector.gc.collect({ unusedFor: 0 }).removed, []);
});

test("leases: a written blob is free again once an image refers to it", (t) => {
  const store = open(t.teardown);
  const { target, config } = imageOf(store, "a");
  t.deepEqual(store.gc.collect().removed, []);
  store.images.set("n/a:1", target, 1);
  store.images.remove("n/a:1");
  t.deepEqual([...store.gc.sweepBlobs([target.digest])].sort(), [target.digest, config].sort());
});

test("usage: real blocks of every part, hard links once", (t) => {
  const root = temporaryRoot(t.teardown);
  const store = open(t.teardown, root);
  const active = store.layers.prepare();
  writeFileSync(join(active.fs, "data"), Buffer.alloc(100_000, 1));
  symlinkSync("data", join(active.fs, "link"));
  const { id } = active.commitSnapshot();
  store.blobs.writeSmall("blob");
  mkdirSync(store.cacheMountPath("m"));
  const usage = store.gc.usage();
  t.like(
    usage.find(({ kind }) => kind === "snapshot"),
    { id, inUse: true, complete: true },
  );
  t.true((usage.find(({ kind }) => kind === "snapshot")?.bytes ?? 0) >= 100_000);
  t.deepEqual(
    usage.filter(({ kind }) => kind !== "other").map(({ kind, id }) => [kind, id]),
    [
      ["blob", sha256("blob")],
      ["snapshot", id],
      ["mount", "m"],
    ],
  );
});
