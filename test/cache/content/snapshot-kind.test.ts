import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { openStore } from "../../../cache/open-store.js";
import type { Store } from "../../../cache/store.js";
import { key, layerBlob, type OnEnd, temporaryRoot } from "../support.js";

/** Opens a handle of one kind on a shared root. */
function open(onEnd: OnEnd, root: string, virtual: boolean): Store {
  const store = openStore({ root, snapshots: () => (virtual ? "virtual" : "mapped") });
  onEnd(() => store.close());
  return store;
}

test("what one kind unpacked is not there for the other, and each finds its own again", (t) => {
  const root = temporaryRoot(t.teardown);
  const kinds = { mapped: open(t.teardown, root, false), virtual: open(t.teardown, root, true) };
  const result = { name: "step", components: "{}" };
  const made = kinds.mapped.layers.prepare();
  writeFileSync(join(made.fs, "f"), "");
  const step = made.commitSnapshot().id;
  const blob = layerBlob(kinds.mapped, "base");
  const base = kinds.mapped.layers.addPacked(blob, "gzip").id;
  kinds.mapped.results.save({ ...result, keys: [key("base")], layers: [base] });
  kinds.mapped.results.save({ ...result, keys: [key("step")], layers: [base, step] });

  // Packed layers are of no kind.
  t.deepEqual(kinds.virtual.results.lookup(key("base"))?.layers, [base]);
  t.is(kinds.virtual.layers.byDiffId(blob.diffId)?.id, base);
  t.is(kinds.virtual.results.lookup(key("step")), undefined);
  t.false(kinds.virtual.layers.get(step)?.unpacked);
  t.true(kinds.mapped.layers.get(step)?.unpacked);

  // Once one kind unpacked the base, the other gets a layer of its own for the same content.
  kinds.mapped.layers.prepareSnapshot(base).commitSnapshot();
  t.true(kinds.mapped.layers.get(base)?.unpacked);
  t.throws(() => open(t.teardown, root, true).layers.prepareSnapshot(base), { code: "store/layer-missing" });
  const later = open(t.teardown, root, true);
  t.is(later.layers.byDiffId(blob.diffId), undefined);
  t.is(later.results.lookup(key("base")), undefined);
  const twin = later.layers.addPacked(blob, "gzip").id;
  t.not(twin, base);
  later.layers.prepareSnapshot(twin).commitSnapshot();
  const own = later.layers.prepare().commitSnapshot().id;
  later.results.save({ ...result, keys: [key("step")], layers: [twin, own] });
  t.deepEqual(later.results.lookup(key("step"))?.layers, [twin, own]);
  t.is(later.layers.byDiffId(blob.diffId)?.id, twin);

  const again = open(t.teardown, root, false);
  t.is(again.layers.byDiffId(blob.diffId)?.id, base);
  t.is(again.results.lookup(key("step")), undefined);
  t.deepEqual([...again.gc.verify()], []);
});

test("cache mounts: each kind has its own directory", (t) => {
  const root = temporaryRoot(t.teardown);
  const [mapped, virtual] = [open(t.teardown, root, false), open(t.teardown, root, true)];
  const path = mapped.cacheMountPath("id", "name");
  t.not(virtual.cacheMountPath("id", "name"), path);
  t.is(open(t.teardown, root, true).cacheMountPath("id"), virtual.cacheMountPath("id"));
  t.is(open(t.teardown, root, false).cacheMountPath("id"), path);
});

test("the kind is asked for when snapshots are, and once", (t) => {
  let asked = 0;
  const store = openStore({ root: temporaryRoot(t.teardown), snapshots: () => (++asked > 0 ? "virtual" : "mapped") });
  t.teardown(() => store.close());
  store.blobs.writeSmall("x");
  t.is(asked, 0);
  store.layers.prepare().commitSnapshot();
  t.deepEqual(
    [...store.layers.list()].map(({ unpacked }) => unpacked),
    [true],
  );
  t.is(asked, 1);
});
