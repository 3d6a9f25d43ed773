import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { LayerId } from "../../../cache/contract/layers.js";
import { sha256 } from "../../../core/digest.js";
import { layerBlob, open, temporaryRoot, toc } from "../support.js";

test("layers: an active snapshot is seen by nobody until it is committed, and leaves nothing when it is discarded", (t) => {
  const store = open(t.teardown);
  const active = store.layers.prepare();
  t.deepEqual([readdirSync(active.fs), readdirSync(active.work)], [[], []]);
  t.is(store.layers.get(active.id), undefined);
  t.deepEqual([...store.layers.list()], []);
  writeFileSync(join(active.fs, "f"), "x");
  const record = active.commitSnapshot();
  t.like(record, { id: active.id, diffId: undefined, blob: undefined, unpacked: true, origin: undefined });
  t.deepEqual(store.layers.get(active.id), record);
  t.is(readFileSync(join(store.layers.snapshotPath(active.id), "f"), "utf8"), "x");
  t.false(existsSync(active.work));
  t.throws(() => active.commitSnapshot(), { message: /^internal: / });
  const other = store.layers.prepare();
  writeFileSync(join(other.fs, "f"), "x");
  other.discard();
  other.discard();
  t.false(existsSync(join(other.fs, "..")));
  t.deepEqual(store.orphans(), []);
  t.regex(active.id, /^l[0-9a-z]{1,3}$/);
});

test("layers: diff, then blob of an unpacked layer; the TOC comes back as it was", (t) => {
  const root = temporaryRoot(t.teardown);
  const store = open(t.teardown, root);
  const { id } = store.layers.prepare().commitSnapshot();
  const blob = layerBlob(store, "one");
  t.like(store.layers.setDiff(id, blob.toc), { id, diffId: blob.diffId });
  const descriptor = { mediaType: blob.mediaType, digest: blob.digest, size: blob.size };
  t.like(store.layers.setBlob(id, descriptor, "gzip-4-v2"), { blob: descriptor, recipe: "gzip-4-v2" });
  t.is(store.layers.byDiffId(blob.diffId)?.id, id);
  const stored = open(t.teardown, root).layers.toc(blob.diffId);
  t.deepEqual({ ...stored, entries: [...(stored?.entries ?? [])] }, toc(blob.diffId));
  t.throws(() => store.layers.setDiff("lzz" as LayerId, blob.toc), { code: "store/layer-missing" });
  t.throws(() => store.layers.setBlob(id, { ...descriptor, digest: sha256("none") }, "gzip-4-v2"), { code: "store/blob-missing" });
  writeFileSync(join(root, "v1", "toc", blob.diffId.slice(7)), "{torn");
  t.is(open(t.teardown, root).layers.toc(blob.diffId), undefined);
});

test("layers: remote and packed layers are one per diffID; what was seen is not given up for a claim", (t) => {
  const store = open(t.teardown);
  const local = layerBlob(store, "one");
  const remote = { mediaType: local.mediaType, digest: sha256("remote bytes"), size: 12 };
  const first = store.layers.addRemote({ diffId: local.diffId, blob: remote, origin: "r/a" });
  t.like(first, { blob: remote, origin: "r/a", unpacked: false });
  t.like(store.layers.addRemote({ diffId: local.diffId, blob: remote, origin: "r/b" }), { id: first.id, origin: "r/b" });
  t.like(store.layers.addRemote({ diffId: local.diffId, blob: remote, origin: undefined }), { id: first.id, origin: "r/b" });
  const packed = store.layers.addPacked(local, "uncompressed");
  t.like(packed, { id: first.id, blob: { digest: local.digest } });
  t.deepEqual(store.layers.addRemote({ diffId: local.diffId, blob: remote, origin: "r/c" }), packed);
  t.throws(() => store.layers.addPacked({ ...local, digest: sha256("gone") }, "uncompressed"), { code: "store/blob-missing" });
  t.is([...store.layers.list()].length, 1);
});

test("layers: of two that unpack the same layer, one stays and the other leaves nothing", (t) => {
  const store = open(t.teardown);
  const { id } = store.layers.addPacked(layerBlob(store, "one"), "uncompressed");
  const actives = [store.layers.prepareSnapshot(id), store.layers.prepareSnapshot(id)];
  actives.forEach((active, i) => writeFileSync(join(active.fs, "n"), `${i}`));
  for (const active of actives) t.like(active.commitSnapshot(), { id, unpacked: true });
  t.is(readFileSync(join(store.layers.snapshotPath(id), "n"), "utf8"), "0");
  t.deepEqual(store.gc.verify(), []);
  t.throws(() => store.layers.prepareSnapshot("lzz" as LayerId), { code: "store/layer-missing" });
});

test("layers: one that is forgotten while it is unpacked leaves no snapshot that belongs to nothing", (t) => {
  const store = open(t.teardown);
  const local = layerBlob(store, "one");
  const remote = { mediaType: local.mediaType, digest: sha256("remote bytes"), size: 12 };
  const { id } = store.layers.addRemote({ diffId: local.diffId, blob: remote, origin: "r/a" });
  const active = store.layers.prepareSnapshot(id);
  writeFileSync(join(active.fs, "n"), "0");
  store.layers.forgetOrigin("r/a");
  t.throws(() => active.commitSnapshot(), { code: "store/layer-missing" });
  t.deepEqual(store.gc.verify(), []);
});
