import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import test from "ava";
import { openStore } from "../../../cache/open-store.js";
import { storePaths } from "../../../cache/paths.js";
import { openSqlite } from "../../../cache/database/sqlite.js";
import { MIGRATIONS } from "../../../cache/database/schema.js";
import type { BuildRecord, HistoryLimits } from "../../../cache/contract/builds.js";
import type { Store } from "../../../cache/store.js";
import { openCount } from "../../support/open-files.js";
import { until } from "../../support/until.js";
import { key, temporaryRoot } from "../support.js";

const DAY = 24 * 3_600_000;

function build(id: string, more: Partial<BuildRecord> = {}): BuildRecord {
  return {
    id,
    createdAt: Date.now(),
    duration: 12,
    status: "completed",
    context: "/context",
    dockerfile: "Dockerfile",
    target: undefined,
    names: [],
    imageId: undefined,
    steps: 2,
    executed: 1,
    cached: 1,
    failed: 0,
    canceled: 0,
    warnings: 0,
    detail: '{"steps":[]}',
    ...more,
  };
}

async function text(stream: Readable | undefined): Promise<string | undefined> {
  if (!stream) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function withStore(
  onEnd: (end: () => void) => void,
  limits: Partial<HistoryLimits>,
  body: (store: Store, root: string) => Promise<void>,
): Promise<void> {
  const root = temporaryRoot(onEnd);
  const store = openStore({ root, history: limits });
  try {
    await body(store, root);
  } finally {
    store.close();
  }
}

const ids = (store: Store) => store.builds.list().map(({ id }) => id);

async function add(store: Store, record: BuildRecord, logs: Readonly<Record<number, string>> = {}): Promise<void> {
  const target = store.builds.logs(record.id);
  for (const [index, output] of Object.entries(logs)) target.write(Number(index), Buffer.from(output));
  await target.finish();
  store.builds.add(record, target);
}

test("a build comes back as it was, its logs whole, and a store without builds is not made by asking", (t) =>
  withStore(t.teardown.bind(t), {}, async (store, root) => {
    t.deepEqual(store.builds.list(), []);
    t.is(store.builds.get("none"), undefined);
    t.is(store.builds.remove(["none"]), 0);
    t.false(existsSync(storePaths(root).base));
    const long = "a line that is printed very often\n".repeat(100_000);
    const record = build("b1", { target: "out", names: ["docker.io/library/a:1"], imageId: "sha256:1" });
    const logs = store.builds.logs("b1");
    for (let at = 0; at < long.length; at += 65_536) logs.write(3, Buffer.from(long.slice(at, at + 65_536)));
    logs.write(1, Buffer.from("short"));
    logs.end(1);
    logs.end(7);
    await logs.finish();
    store.builds.add(record, logs);
    const { detail, ...summary } = record;
    t.deepEqual(store.builds.list(), [summary]);
    t.deepEqual(store.builds.get("b1"), { ...summary, detail });
    t.is(await text(store.builds.openLog("b1", 3)), long);
    t.is(await text(store.builds.openLog("b1", 1)), "short");
    t.is(store.builds.openLog("b1", 2), undefined);
    const left = store.builds.openLog("b1", 3) as Readable;
    await once(left, "readable");
    left.destroy();
    t.true(await until(() => openCount(join(storePaths(root).builds, "b1", "3.gz")) === 0), "a reader that leaves closes the file");
    t.deepEqual(readdirSync(join(storePaths(root).builds, "b1")).sort(), ["1.gz", "3.gz"]);
    t.is(store.builds.remove(["b1", "other"]), 1);
    t.deepEqual(ids(store), []);
    t.deepEqual(readdirSync(storePaths(root).builds), []);
    t.deepEqual(store.gc.verify(), []);
  }));

test("limits: number, age, bytes of logs; the newest build keeps its logs however long they are", (t) =>
  withStore(t.teardown.bind(t), { builds: 3, age: 10 * DAY, bytes: 30_000 }, async (store, root) => {
    await add(store, build("old", { createdAt: Date.now() - 11 * DAY }));
    t.deepEqual(ids(store), [], "too old from the start");
    for (const id of ["a", "b", "c", "d"]) await add(store, build(id), { 0: `${id} printed this` });
    t.deepEqual(ids(store), ["d", "c", "b"]);
    t.deepEqual(readdirSync(storePaths(root).builds).sort(), ["b", "c", "d"]);
    const noise = Array.from({ length: 3000 }, () => Math.random()).join("");
    await add(store, build("e"), { 0: noise });
    t.deepEqual(ids(store), ["e"]);
    await add(store, build("f"));
    t.deepEqual(ids(store), ["f", "e"], "without logs nothing more is dropped");
    t.is(await text(store.builds.openLog("e", 0)), noise);
  }));

test("what a crash left behind goes with the next build that has logs; discarded logs leave nothing", (t) =>
  withStore(t.teardown.bind(t), {}, async (store, root) => {
    await add(store, build("a"), { 0: "x" });
    mkdirSync(join(storePaths(root).builds, "half"));
    await add(store, build("b"));
    t.deepEqual(readdirSync(storePaths(root).builds).sort(), ["a", "half"]);
    await add(store, build("c"), { 0: "x" });
    t.deepEqual(readdirSync(storePaths(root).builds).sort(), ["a", "c"]);
    const logs = store.builds.logs("d");
    logs.write(0, Buffer.from("x"));
    logs.discard();
    logs.discard();
    logs.write(0, Buffer.from("y"));
    await logs.finish();
    t.deepEqual(
      readdirSync(storePaths(root).tmp).flatMap((owner) => readdirSync(join(storePaths(root).tmp, owner))),
      ["lock"],
    );
  }));

test("of a build whose process died what it noted is kept, and what its steps had printed", (t) =>
  withStore(t.teardown.bind(t), {}, async (store, root) => {
    await add(store, build("before"));
    const { builds, tmp } = storePaths(root);
    const [dead, alive] = [openStore({ root }), openStore({ root })];
    const begin = (handle: Store, id: string) => {
      const logs = handle.builds.logs(id);
      const { detail: _detail, ...summary } = build(id, { createdAt: Date.now() - 5000, status: "interrupted", steps: 1 });
      logs.note({ build: summary, detail: { version: 1 }, steps: [{ number: 1 }, { number: 2 }] });
      return logs;
    };
    const logs = begin(dead, "dead");
    const second = { number: 2, status: "completed" };
    logs.note({ build: { executed: 7 }, steps: [second, { number: 3, status: "interrupted", startedAt: 1000, duration: 0, logBytes: 0 }] });
    logs.write(3, Buffer.from("running"));
    logs.write(1, Buffer.from("x".repeat(100_000)));
    logs.write(2, Buffer.from("ended"));
    logs.end(2);
    begin(dead, "silent");
    begin(alive, "alive").write(1, Buffer.from("x"));
    t.deepEqual(ids(store), ["before"], "as long as their processes live they are no builds of the past");
    // The kernel gives a dead process's lock back; its directory stays as it is.
    for (const owner of readdirSync(tmp)) {
      const path = join(tmp, owner);
      if (!readdirSync(path).includes("build-dead")) continue;
      renameSync(path, join(tmp, "dead-owner"));
      writeFileSync(join(path, "..", "dead-owner", "build-dead", "journal"), '{"build":{"st', { flag: "a" });
    }
    const lock = join(tmp, "dead-owner", "lock");
    writeFileSync(`${lock}-new`, "");
    renameSync(`${lock}-new`, lock);
    t.deepEqual(ids(store).sort(), ["before", "dead", "silent"]);
    t.like(store.builds.get("dead"), {
      status: "interrupted",
      executed: 7,
    });
    const { duration = 0, detail = "" } = store.builds.get("dead") ?? {};
    t.true(duration >= 4000, "until it was last heard of");
    const running = { number: 3, status: "interrupted", startedAt: 1000, duration: Math.round(duration - 1000), logBytes: 7 };
    t.deepEqual(JSON.parse(detail), { version: 1, steps: [{ number: 1 }, { number: 2, status: "completed" }, running] });
    t.is(await text(store.builds.openLog("dead", 1)), "x".repeat(100_000));
    t.is(await text(store.builds.openLog("dead", 2)), "ended");
    t.deepEqual(readdirSync(join(builds, "dead")).sort(), ["1", "2.gz", "3"]);
    t.false(existsSync(join(builds, "silent")));
    t.deepEqual(store.gc.verify(), []);
    alive.close();
    dead.close();
    t.deepEqual(ids(store).sort(), ["before", "dead", "silent"]);
  }));

test("notes go with the build that ends well", (t) =>
  withStore(t.teardown.bind(t), {}, async (store, root) => {
    const { detail: _detail, ...summary } = build("a");
    for (const [id, output] of [
      ["a", ""],
      ["b", "x"],
    ] as const) {
      const logs = store.builds.logs(id);
      logs.note({ build: summary, steps: [] });
      if (output) logs.write(1, Buffer.from(output));
      await logs.finish();
      store.builds.add(build(id), logs);
    }
    const { builds, tmp } = storePaths(root);
    t.deepEqual(readdirSync(builds), ["b"]);
    t.deepEqual(readdirSync(join(builds, "b")), ["1.gz"]);
    t.deepEqual(
      readdirSync(tmp).flatMap((owner) => readdirSync(join(tmp, owner))),
      ["lock"],
    );
  }));

test("results know their build and origin; a store of the first schema is brought up to date", (t) => {
  const root = temporaryRoot(t.teardown.bind(t));
  mkdirSync(storePaths(root).base, { recursive: true });
  const old = openSqlite(storePaths(root).database);
  old.exec(`${MIGRATIONS[0]}; PRAGMA user_version = 1`);
  old.exec(
    `INSERT INTO results (primary_key, layers, name, components, created_at, used_at) VALUES ('${key("o")}', '', 'RUN old', '{}', 1, 1)`,
  );
  old.exec(`INSERT INTO keys (key, result) VALUES ('${key("o")}', 1)`);
  old.close();
  const store = openStore({ root });
  try {
    t.like(store.results.lookup(key("o")), { name: "RUN old", build: undefined });
    const common = { layers: [], components: "{}", origin: "here" };
    const first = store.results.save({ ...common, keys: [key("1")], name: "[1/2] RUN a", build: "b1" });
    store.results.save({ ...common, keys: [key("2")], name: "[2/2] RUN b" });
    store.results.save({ ...common, keys: [key("3")], name: "[1/2] RUN a", origin: "elsewhere" });
    t.is(store.results.lookup(key("1"))?.build, "b1");
    t.is(first.build, "b1");
    t.deepEqual(
      store.results.steps("here").map(({ name }) => name),
      ["[2/2] RUN b", "[1/2] RUN a"],
    );
    t.deepEqual(store.results.get(first.id), first);
    t.is(store.results.get(999), undefined);
  } finally {
    store.close();
  }
});

test("builds without output that end in one moment are kept in one commit", (t) =>
  withStore(t.teardown.bind(t), {}, async (store, root) => {
    await add(store, build("first"));
    const log = () => statSync(`${storePaths(root).database}-wal`).size;
    const grown = async (body: () => Promise<unknown> | void) => {
      const before = log();
      await body();
      return log() - before;
    };
    const soon = (id: string) => store.builds.addSoon(build(id), store.builds.logs(id));
    const names = (prefix: string) => Array.from({ length: 12 }, (_, i) => `${prefix}${i}`);
    const alone = await grown(async () => {
      for (const id of names("alone")) await soon(id);
    });
    const together = await grown(() => Promise.all(names("together").map(soon)));
    t.true(together * 4 < alone, `${together} bytes of log, ${alone} with a commit each`);
    t.is(ids(store).length, 25);
    const printed = store.builds.logs("printed");
    printed.write(0, Buffer.from("output"));
    await printed.finish();
    await Promise.all([store.builds.addSoon(build("printed"), printed), soon("last")]);
    t.is(await text(store.builds.openLog("printed", 0)), "output");
    t.deepEqual(ids(store).slice(0, 2).sort(), ["last", "printed"]);
  }));
