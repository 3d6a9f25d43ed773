import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { openStore } from "../../../cache/open-store.js";
import type { LayerId } from "../../../cache/contract/layers.js";
import { sha256 } from "../../../core/digest.js";
import { imageOf, key, layerBlob, open, temporaryRoot } from "../support.js";

test("results: found under the primary key and aliases; an existing primary key keeps its result", (t) => {
  const store = open(t.teardown);
  const [a, b] = [store.layers.prepare().commitSnapshot().id, store.layers.prepare().commitSnapshot().id];
  const saved = store.results.save({ keys: [key("p"), key("alias")], layers: [a, b, a], name: "RUN x", components: '{"a":1}' });
  t.like(saved, { primaryKey: key("p"), layers: [a, b, a], name: "RUN x", components: '{"a":1}' });
  for (const text of ["p", "alias"]) t.deepEqual(store.results.lookup(key(text)), saved);
  t.deepEqual(store.results.save({ keys: [key("p"), key("second")], layers: [b], name: "other", components: "" }), saved);
  t.deepEqual(store.results.lookup(key("second")), saved);
  store.results.alias(saved.id, key("third"));
  store.results.alias(12345, key("nobody"));
  t.deepEqual(store.results.lookup(key("third")), saved);
  t.is(store.results.lookup(key("nobody")), undefined);
  const scratch = store.results.save({ keys: [key("empty")], layers: [], name: "scratch", components: "" });
  t.deepEqual(store.results.lookup(key("empty")), scratch);
  const replaced = store.results.replace({ keys: [key("p")], layers: [b], name: "RUN x", components: "" });
  t.deepEqual(store.results.lookup(key("p")), replaced);
  t.is(store.results.lookup(key("alias")), undefined);
  t.throws(() => store.results.save({ keys: [key("x")], layers: ["lzz" as LayerId], name: "", components: "" }), {
    code: "store/layer-missing",
  });
  t.is(store.results.lookup(key("x")), undefined);
});

test("results: one whose only bytes are lost is not found any more; one that can be fetched or is unpacked is", (t) => {
  const store = open(t.teardown);
  const packed = layerBlob(store, "packed");
  const unpacked = layerBlob(store, "unpacked");
  const remote = layerBlob(store, "remote");
  const ids = [store.layers.addPacked(packed, "uncompressed").id, store.layers.addPacked(unpacked, "uncompressed").id];
  store.layers.prepareSnapshot(ids[1] as LayerId).commitSnapshot();
  ids.push(store.layers.addRemote({ diffId: remote.diffId, blob: remote, origin: "r/a" }).id);
  const names = ["packed", "unpacked", "remote"];
  names.forEach((name, i) => store.results.save({ keys: [key(name)], layers: [ids[i] as LayerId], name, components: "" }));
  for (const { digest } of [packed, unpacked, remote]) {
    rmSync(store.blobs.path(digest));
    t.throws(() => store.blobs.readSmall(digest), { code: "store/blob-missing" });
  }
  t.deepEqual(
    names.map((name) => store.results.lookup(key(name))?.name),
    [undefined, "unpacked", "remote"],
  );
  t.deepEqual(store.gc.verify(), []);
});

test("images: names, lookups by digest, removal; index.json says the same", (t) => {
  const root = temporaryRoot(t.teardown);
  const store = open(t.teardown, root);
  const { images } = store;
  const json = () => JSON.parse(readFileSync(join(root, "v1", "index.json"), "utf8"));
  const [a, b] = [imageOf(store, "a"), imageOf(store, "b")];
  t.throws(() => images.set("x", { ...a.target, digest: sha256("none") }, 1), { code: "store/blob-missing" });
  images.set(undefined, a.target, 1000);
  images.set(undefined, a.target, 2000);
  t.deepEqual(images.list(), [{ name: undefined, target: a.target, createdAt: 1000 }]);
  images.set("n/a:1", a.target, 2000);
  images.set("n/a:2", a.target, 2000);
  images.set("n/b:1", b.target, 3000);
  t.deepEqual(
    images.list().map(({ name }) => name),
    ["n/a:1", "n/a:2", "n/b:1"],
  );
  t.deepEqual(json().manifests[2], {
    ...b.target,
    annotations: {
      "org.opencontainers.image.ref.name": "n/b:1",
      "io.containerd.image.name": "n/b:1",
      "org.opencontainers.image.created": "1970-01-01T00:00:03.000Z",
    },
  });
  t.deepEqual(json().schemaVersion, 2);
  t.deepEqual(JSON.parse(readFileSync(join(root, "v1", "oci-layout"), "utf8")), { imageLayoutVersion: "1.0.0" });
  const hex = (digest: string) => digest.slice("sha256:".length);
  for (const by of [a.target.digest, hex(a.target.digest).slice(0, 12), a.config, hex(a.config).slice(0, 12)]) {
    t.deepEqual(
      images.find(by).map(({ name }) => name),
      ["n/a:1", "n/a:2"],
    );
  }
  t.deepEqual([images.find("abc"), images.find("nothex!"), images.find("")], [[], [], []]);
  images.set("n/a:1", b.target, 3000);
  t.is(images.get("n/a:1")?.target.digest, b.target.digest);
  t.is(images.remove("n/a:2")?.target.digest, a.target.digest);
  t.is(images.remove("n/a:2"), undefined);
  t.deepEqual(images.find(a.config), []);
  t.is(images.removeDigest(b.target.digest).length, 2);
  t.deepEqual([images.list(), json().manifests], [[], []]);
});

test("images: setting what is set already writes nothing", (t) => {
  const root = temporaryRoot(t.teardown);
  const first = openStore({ root });
  const { target } = imageOf(first, "a");
  first.images.set("n/a:1", target, 1000);
  first.close();
  const before = statSync(join(root, "v1", "index.json"), { bigint: true }).ctimeNs;
  const store = open(t.teardown, root);
  store.images.set("n/a:1", target, 1000);
  t.is(statSync(join(root, "v1", "index.json"), { bigint: true }).ctimeNs, before);
  t.deepEqual(readdirSync(join(root, "v1", "tmp")), []);
});

test("memo: a damaged value is none", (t) => {
  const root = temporaryRoot(t.teardown);
  const { memo } = open(t.teardown, root);
  memo.set("ast", "key", "value");
  memo.set("reference", "key", Buffer.from([0, 255]));
  t.deepEqual(memo.get("reference", "key"), Buffer.from([0, 255]));
  const directory = join(root, "v1", "memo", "ast");
  writeFileSync(join(directory, readdirSync(directory)[0] as string), "garbage that is long enough");
  t.is(memo.get("ast", "key"), undefined);
  t.throws(() => memo.get("../x", "key"), { message: /^internal: / });
});
