import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { openStore } from "../../cache/open-store.js";
import { defaultRoot } from "../../cache/paths.js";
import { openSqlite } from "../../cache/database/sqlite.js";
import type { Store } from "../../cache/store.js";
import { blobStoreConformance } from "../conformance/blob-store.js";
import { imageOf, key, open, temporaryRoot } from "./support.js";

blobStoreConformance(test, (onEnd) => open(onEnd).blobs);

test("root: from TSBUILD_ROOT, then XDG_DATA_HOME when absolute, then the home directory", (t) => {
  const home = temporaryRoot(t.teardown);
  t.is(defaultRoot({ TSBUILD_ROOT: "/r", XDG_DATA_HOME: "/x", HOME: home }), "/r");
  t.is(defaultRoot({ XDG_DATA_HOME: "/x", HOME: home }), "/x/tsbuild");
  t.is(defaultRoot({ XDG_DATA_HOME: "x", HOME: home }), `${home}/.local/share/tsbuild`);
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
