import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { openStore } from "../../../cache/open-store.js";
import type { LayerId } from "../../../cache/contract/layers.js";
import type { Store } from "../../../cache/store.js";
import { sha256 } from "../../../core/digest.js";
import { SnapshotChecks } from "../../../solver/layers/snapshot-checks.js";
import { key, layerBlob, temporaryRoot, toc } from "../support.js";

/** Returns a function that opens a store in a given boot of the system. */
function boots(t: ExecutionContext) {
  const root = temporaryRoot(t.teardown);
  return (boot: string | undefined): Store => {
    const store = openStore({ root, bootId: () => boot });
    t.teardown(() => store.close());
    return store;
  };
}

/** Makes a layer as a step does. */
function made(store: Store): LayerId {
  const active = store.layers.prepare();
  writeFileSync(join(active.fs, "file"), "made");
  return active.commitSnapshot().id;
}

const signal = new AbortController().signal;
const reporter = { signal, progress: () => undefined };

test("a snapshot is suspect after a reboot, and only then, until it is trusted", (t) => {
  const open = boots(t);
  const first = open("one");
  const id = made(first);
  first.layers.setDiff(id, toc(sha256("diff")));
  t.false(first.layers.get(id)?.suspect);
  t.deepEqual(first.layers.unsynced(0), [id]);
  t.deepEqual(first.layers.unsynced(3_600_000), []);
  t.false(open("one").layers.get(id)?.suspect);
  const second = open("two");
  t.true(second.layers.get(id)?.suspect);
  t.deepEqual(second.layers.unsynced(0), []);
  second.layers.trust([id]);
  t.false(open("three").layers.get(id)?.suspect);
});

test("one that was synced before the reboot is not suspect; nor is any where the system names no boot", (t) => {
  const open = boots(t);
  const first = open("one");
  const id = made(first);
  first.layers.trust(first.layers.unsynced(0));
  t.false(open("two").layers.get(id)?.suspect);
  const nameless = boots(t);
  const other = made(nameless(undefined));
  t.false(nameless("two").layers.get(other)?.suspect);
});

test("what has nothing to be compared with goes with its results when the index is opened after a reboot", (t) => {
  const open = boots(t);
  const first = open("one");
  const id = made(first);
  first.results.save({ keys: [key("k")], layers: [id], name: "step", components: "{}" });
  const path = first.layers.snapshotPath(id);
  // A connection of its own, as another process has it.
  const second = open("two");
  t.is(second.results.lookup(key("k")), undefined);
  t.is(second.layers.get(id), undefined);
  t.false(existsSync(path));
  first.close();
  t.deepEqual([second.gc.verify(), second.orphans()], [[], []]);
});

test("dropping a snapshot keeps a layer that has a blob, and its results", (t) => {
  const open = boots(t);
  const store = open("one");
  const blob = layerBlob(store, "packed");
  const { id } = store.layers.addPacked(blob, "gzip");
  const active = store.layers.prepareSnapshot(id);
  writeFileSync(join(active.fs, "file"), "unpacked");
  active.commitSnapshot();
  store.results.save({ keys: [key("k")], layers: [id], name: "step", components: "{}" });
  store.layers.dropSnapshot(id);
  t.false(store.layers.get(id)?.unpacked);
  t.false(existsSync(store.layers.snapshotPath(id)));
  t.truthy(store.results.lookup(key("k")));
  const again = store.layers.prepareSnapshot(id);
  writeFileSync(join(again.fs, "file"), "again");
  t.true(again.commitSnapshot().unpacked);
});

for (const [title, boot, checkAll, differences, expected] of [
  ["of this boot is believed", "one", false, ["other bytes"], { sound: true, checks: 0 }],
  ["of this boot is compared when nothing is to be believed", "one", true, [], { sound: true, checks: 1 }],
  ["that differs is dropped when nothing is to be believed", "one", true, ["other bytes"], { sound: false, checks: 1 }],
  ["of another boot is compared", "two", false, [], { sound: true, checks: 1 }],
  ["of another boot that differs is dropped", "two", false, ["other bytes"], { sound: false, checks: 1 }],
] as const) {
  test(`a snapshot ${title}`, async (t) => {
    const open = boots(t);
    const first = open("one");
    const id = made(first);
    first.layers.setDiff(id, toc(sha256("diff")));
    first.close();
    const store = open(boot);
    let checks = 0;
    const tasks = {
      check: () => {
        checks++;
        return Promise.resolve(differences);
      },
    };
    const record = store.layers.get(id);
    if (!record) throw new Error("the layer is gone");
    const sound = await new SnapshotChecks({ store, tasks, checkAll }).isIntact(record, reporter);
    t.deepEqual({ sound, checks }, expected);
    t.is(store.layers.get(id) !== undefined, sound, "it cannot be had in another way");
    if (sound) t.false(store.layers.get(id)?.suspect);
  });
}

test("a snapshot whose directory is gone is dropped", async (t) => {
  const store = boots(t)("one");
  const blob = layerBlob(store, "packed");
  const { id } = store.layers.addPacked(blob, "gzip");
  store.layers.prepareSnapshot(id).commitSnapshot();
  const record = store.layers.get(id);
  rmSync(join(store.layers.snapshotPath(id), ".."), { recursive: true });
  const sound = new SnapshotChecks({ store, tasks: { check: () => Promise.resolve([]) }, checkAll: false });
  t.false(record && (await sound.isIntact(record, reporter)));
  t.false(store.layers.get(id)?.unpacked);
});
