import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test from "ava";
import { openStore } from "../../cache/open-store.js";
import { defaultRoot } from "../../cache/paths.js";
import { openSqlite } from "../../cache/database/sqlite.js";
import type { LayerId } from "../../cache/contract/layers.js";
import type { Store } from "../../cache/store.js";
import { sha256 } from "../../core/digest.js";
import { blobStoreConformance } from "../conformance/blob-store.js";
import { imageOf, key, layerBlob, open, temporaryRoot, toc } from "./support.js";

blobStoreConformance(test, (onEnd) => open(onEnd).blobs);

test("root: from TSBUILD_ROOT, then XDG_DATA_HOME when absolute, then the home directory", (t) => {
  t.is(defaultRoot({ TSBUILD_ROOT: "/r", XDG_DATA_HOME: "/x", HOME: "/h" }), "/r");
  t.is(defaultRoot({ XDG_DATA_HOME: "/x", HOME: "/h" }), "/x/tsbuild");
  t.is(defaultRoot({ XDG_DATA_HOME: "x", HOME: "/h" }), "/h/.local/share/tsbuild");
});

test("open: looking into a store that is not there makes none; reading blobs and memos opens no database", (t) => {
  const root = join(temporaryRoot(t.teardown), "none");
  const store = open(t.teardown, root);
  t.is(store.results.lookup(key("a")), undefined);
  t.deepEqual(store.images.list(), []);
  t.deepEqual([...store.blobs.list(), ...store.layers.list(), ...store.orphans(), ...store.gc.usage(), ...store.gc.verify()], []);
  t.is(store.memo.get("ast", "a"), undefined);
  t.false(existsSync(root));
  store.memo.set("ast", "a", "value");
  t.is(store.memo.get("ast", "a")?.toString(), "value");
  t.deepEqual(readdirSync(join(root, "v1")), ["memo"]);
});

test("open: a root that cannot be used is a clear error", (t) => {
  const base = temporaryRoot(t.teardown);
  writeFileSync(join(base, "file"), "");
  t.throws(() => open(t.teardown, join(base, "file")).blobs.writeSmall("x"), { code: "store/not-a-directory" });
  // Nobody can make directories in /sys, root included.
  const unwritable = open(t.teardown, "/sys/tsbuild");
  t.throws(() => unwritable.blobs.writeSmall("x"), { code: "store/not-writable", message: /^Cannot use "\/sys\/tsbuild" as the store: / });
});

test("open: a newer schema is refused without touching it", (t) => {
  const root = temporaryRoot(t.teardown);
  const first = openStore({ root });
  first.blobs.writeSmall("x");
  first.close();
  const path = join(root, "v1", "index.db");
  const connection = openSqlite(path);
  connection.exec("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)");
  connection.close();
  const before = readFileSync(path);
  const store = openStore({ root });
  t.throws(() => store.results.lookup(key("a")), { code: "store/newer-format" });
  t.deepEqual(readFileSync(path), before);
  store.close();
});

test("open: a damaged database is set aside and made again from index.json; layer ids are not given out again", (t) => {
  for (const damage of ["header", "pages"] as const) {
    const root = temporaryRoot(t.teardown);
    const first = openStore({ root });
    const { target } = imageOf(first, "a");
    first.images.set("docker.io/library/a:latest", target, 5000);
    const active = first.layers.prepare();
    const { id } = active.commitSnapshot();
    for (let i = 0; i < 100; i++) first.results.save({ keys: [key(`${i}`)], layers: [id], name: "RUN", components: "x".repeat(200) });
    first.close();
    const path = join(root, "v1", "index.db");
    const connection = openSqlite(path);
    connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    connection.close();
    const bytes = readFileSync(path);
    bytes.fill(0x5a, damage === "header" ? 0 : 4096, damage === "header" ? 4096 : bytes.length);
    writeFileSync(path, bytes);
    const notices: string[] = [];
    const store = openStore({ root, onNotice: (message) => notices.push(message) });
    t.is(store.results.lookup(key("1")), undefined);
    t.deepEqual(store.images.list(), [{ name: "docker.io/library/a:latest", target, createdAt: 5000 }]);
    t.is(notices.length, 1);
    t.true(readdirSync(join(root, "v1")).some((name) => name.startsWith("index.db.damaged-")));
    t.deepEqual(store.orphans(), [join(root, "v1", "snapshots", id)]);
    const next = store.layers.prepare();
    t.not(next.id, id);
    next.discard();
    t.deepEqual(store.gc.verify(), []);
    store.close();
  }
});

test("open: a handle takes over the connection of one that was closed, unless the files are others by then", (t) => {
  const parent = temporaryRoot(t.teardown);
  const root = join(parent, "store");
  const opened = () =>
    readdirSync("/proc/self/fd").filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === join(root, "v1", "index.db");
      } catch {
        return false;
      }
    }).length;
  const names = (store: Store) => store.images.list().map(({ name }) => name);
  const withImage = (name: string) => {
    const store = openStore({ root });
    store.images.set(name, imageOf(store, name).target, 5000);
    store.close();
  };
  withImage("docker.io/library/a:latest");
  t.is(opened(), 1);
  const [first, second] = [openStore({ root }), openStore({ root })];
  t.deepEqual(names(first), ["docker.io/library/a:latest"]);
  t.is(opened(), 1);
  t.deepEqual(names(second), ["docker.io/library/a:latest"]);
  t.is(opened(), 2);
  first.close();
  second.close();

  // Another store was put in its place.
  renameSync(root, join(parent, "old"));
  withImage("docker.io/library/b:latest");
  renameSync(root, join(parent, "other"));
  renameSync(join(parent, "old"), root);
  const third = openStore({ root });
  t.deepEqual(names(third), ["docker.io/library/a:latest"]);
  third.close();

  rmSync(root, { recursive: true });
  const fourth = openStore({ root });
  t.deepEqual(names(fourth), []);
  fourth.close();
  withImage("docker.io/library/c:latest");
  const fifth = openStore({ root });
  t.deepEqual(names(fifth), ["docker.io/library/c:latest"]);
  fifth.close();

  // A newer tsbuild has changed it.
  const newer = openSqlite(join(root, "v1", "index.db"));
  newer.exec("PRAGMA user_version = 99");
  newer.close();
  const sixth = openStore({ root });
  t.throws(() => sixth.images.list(), { code: "store/newer-format" });
  sixth.close();
});

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

test("stat index: finds what did not change and forgets what is not seen; distrusts what is too young", (t) => {
  const root = temporaryRoot(t.teardown);
  const { stats } = open(t.teardown, root);
  const stat = (ino: number, ns = 1_700_000_000_123_456_789n) => ({ dev: 66n, ino: BigInt(ino), size: 7n, mtimeNs: ns, ctimeNs: ns });
  const later = 1_700_000_100_000_000_000n;
  const shard = stats.shard("/context");
  // An inode beyond 32 bits, and one that shares its low half.
  const inodes = [1, 2, 3, 2 ** 40 + 1, 2 ** 52];
  for (const ino of inodes) shard.set(stat(ino), { digest: sha256(`${ino}`) }, later);
  t.is(shard.get(stat(1)), sha256("1"));
  shard.save();
  const loaded = stats.shard("/context");
  t.deepEqual(
    inodes.map((ino) => loaded.get(stat(ino))),
    inodes.map((ino) => sha256(`${ino}`)),
  );
  const changed = [{ ...stat(1), size: 8n }, { ...stat(1), mtimeNs: 1n }, { ...stat(1), ctimeNs: 1n }, { ...stat(1), dev: 67n }, stat(9)];
  t.deepEqual(
    changed.map((one) => loaded.get(one)),
    changed.map(() => undefined),
  );
  t.is(stats.shard("/other").get(stat(1)), undefined);
  const next = stats.shard("/context");
  next.get(stat(2));
  next.set(stat(3, later - 1_000_000_001n), { digest: sha256("new 3") }, later);
  next.save();
  const last = stats.shard("/context");
  t.deepEqual(
    [last.get(stat(1)), last.get(stat(2)), last.get(stat(3)), last.get(stat(3, later - 1_000_000_001n))],
    [undefined, sha256("2"), undefined, sha256("new 3")],
  );
  const young = stats.shard("/young");
  const second = 1_700_000_000_000_000_000n;
  young.set(stat(1, later - 5_000_000n), { digest: sha256("tick") }, later);
  young.set(stat(2, later + 5n), { digest: sha256("future") }, later);
  young.set(stat(3, second), { digest: sha256("whole seconds") }, second + 1_500_000_000n);
  young.set(stat(4, second), { digest: sha256("old enough") }, second + 2_500_000_000n);
  t.deepEqual(
    [1, 2].map((ino) => young.get(stat(ino, later - 5_000_000n))),
    [undefined, undefined],
  );
  t.deepEqual([young.get(stat(3, second)), young.get(stat(4, second))], [undefined, sha256("old enough")]);
  const [file] = readdirSync(join(root, "v1", "stat"));
  const path = join(root, "v1", "stat", file as string);
  const bytes = readFileSync(path);
  bytes[60] = (bytes[60] as number) ^ 1;
  writeFileSync(path, bytes);
  t.is(stats.shard("/context").get(stat(2)), undefined);
});

test("stat index: attributes are remembered as long as their file is, also when another file is added", (t) => {
  const { stats } = open(t.teardown, temporaryRoot(t.teardown));
  const stat = (ino: number) => ({ dev: 66n, ino: BigInt(ino), size: 7n, mtimeNs: 1n, ctimeNs: 1n });
  const later = 1_700_000_100_000_000_000n;
  const noted = stats.shard("/noted");
  noted.set(stat(1), { digest: sha256("1"), xattrs: { "user.a": "AP8=" } }, later);
  noted.set(stat(2), { digest: sha256("2"), xattrs: { "user.b": "" } }, later);
  noted.set(stat(3), { digest: sha256("3") }, later);
  t.deepEqual([noted.xattrs(stat(1)), noted.xattrs(stat(3))], [{ "user.a": "AP8=" }, undefined]);
  noted.save();
  const again = stats.shard("/noted");
  t.deepEqual([again.get(stat(1)), again.get(stat(3))], [sha256("1"), sha256("3")]);
  again.set(stat(3), { digest: sha256("3"), xattrs: { "user.c": "Yw==" } }, later);
  again.save();
  const third = stats.shard("/noted");
  t.deepEqual(
    [1, 2, 3].map((ino) => third.get(stat(ino))),
    [sha256("1"), undefined, sha256("3")],
  );
  t.deepEqual(
    [1, 2, 3].map((ino) => third.xattrs(stat(ino))),
    [{ "user.a": "AP8=" }, undefined, { "user.c": "Yw==" }],
  );
  third.set(stat(1), { digest: sha256("1") }, later);
  t.is(third.xattrs(stat(1)), undefined);
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

test("close: active snapshots and temporary files go, what cannot be removed becomes an orphan", (t) => {
  const root = temporaryRoot(t.teardown);
  const store = openStore({ root });
  const active = store.layers.prepare();
  const directory = store.temporaryDirectory();
  writeFileSync(join(directory, "f"), "x");
  chmodSync(directory, 0o700);
  store.close();
  store.close();
  t.deepEqual([existsSync(active.fs), existsSync(directory)], [false, false]);
  const next = open(t.teardown, root);
  next.temporaryDirectory();
  t.deepEqual([next.gc.verify(), next.orphans()], [[], []]);
});
