import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import test from "ava";
import { openStore } from "../../../cache/open-store.js";
import { sha256 } from "../../../core/digest.js";
import { key, type OnEnd, open, temporaryRoot } from "../support.js";
import { whoCanReach } from "../../support/rigs/as-user.js";
import { reasonIn, requires, withoutMounts } from "../../support/requires.js";

const HAMMER = fileURLToPath(new URL("fixtures/hammer.js", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

interface Hammer {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts a process that works on the store. The end of the test kills it. */
function hammer(onEnd: OnEnd, root: string, mode: string, seed: number, rounds: number): Hammer {
  const child = spawn(process.execPath, [HAMMER, root, mode, `${seed}`, `${rounds}`], { stdio: ["ignore", "pipe", "pipe"] });
  onEnd(() => child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.on("data", (data: Buffer) => {
    stderr += data;
  });
  return { child, ended: once(child, "close").then(([code]) => ({ code: code as number | null, stderr })) };
}

/** Returns the faults of a store: blobs with other bytes, and dangling references. */
function problems(root: string): readonly string[] {
  const store = openStore({ root });
  try {
    store.temporaryDirectory();
    const wrong = [...store.gc.verify()];
    for (const { digest } of store.blobs.list()) {
      if (sha256(readFileSync(store.blobs.path(digest))) !== digest) wrong.push(`blob ${digest} has other bytes`);
    }
    const index = JSON.parse(readFileSync(join(root, "v1", "index.json"), "utf8")) as { manifests: unknown[] };
    if (index.manifests.length !== store.images.list().length) wrong.push("index.json does not list every image");
    return [...wrong, ...store.orphans().map((path) => `orphan ${path}`)];
  } finally {
    store.close();
  }
}

for (const mode of ["ingest", "layer", "packed", "image", "lock", "all"]) {
  test.serial(`processes: four at once, ${mode}`, async (t) => {
    const root = temporaryRoot(t.teardown);
    const ended = await Promise.all([1, 2, 3, 4].map((seed) => hammer(t.teardown, root, mode, mode === "all" ? seed : 1, 30).ended));
    for (const { code, stderr } of ended) t.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    t.deepEqual(problems(root), []);
  });
}

test.serial("processes: equal keys saved at once give one result", async (t) => {
  const root = temporaryRoot(t.teardown);
  await Promise.all([1, 2, 3].map((seed) => hammer(t.teardown, root, "layer", seed, 30).ended));
  const store = open(t.teardown, root);
  const names = new Set<string>();
  for (let n = 0; n < 20; n++) {
    const result = store.results.lookup(key(`run ${n}`));
    if (result) t.is(result.name, `RUN ${n}`);
    if (result) names.add(`${result.id}`);
  }
  t.true(names.size > 10);
});

test.serial("processes: killed at any moment, a hundred times; the store opens and nothing dangles", async (t) => {
  const root = temporaryRoot(t.teardown);
  for (let round = 0; round < 25; round++) {
    const running = [0, 1, 2, 3].map((n) => hammer(t.teardown, root, "all", round * 4 + n, 0));
    await Promise.all(running.map(({ child }) => once(child.stdout as NodeJS.ReadableStream, "data")));
    // Moments spread over what the processes do; no two rounds alike.
    await new Promise((resolve) => setTimeout(resolve, (round * 37) % 60));
    for (const { child } of running) child.kill("SIGKILL");
    for (const { ended } of running) t.deepEqual(await ended.then(({ stderr }) => stderr), "");
    t.deepEqual(problems(root), [], `after round ${round}`);
    // One that was just being made is left for a minute: it could belong to a process that lives.
    t.deepEqual(
      readdirSync(join(root, "v1", "tmp")).filter((name) => !name.startsWith(".new-")),
      [],
    );
  }
});

test.serial("processes: what a living one leases is not collected, and is when it was killed", async (t) => {
  const root = temporaryRoot(t.teardown);
  const other = hammer(t.teardown, root, "layer", 3, 0);
  await once(other.child.stdout as NodeJS.ReadableStream, "data");
  const store = open(t.teardown, root);
  for (let i = 0; i < 5; i++) {
    store.gc.collect({ unusedFor: 0 });
    t.deepEqual(store.gc.verify(), []);
  }
  other.child.kill("SIGKILL");
  t.is((await other.ended).stderr, "");
  store.gc.collect({ unusedFor: 0 });
  t.deepEqual([...store.layers.list()], []);
  t.deepEqual(readdirSync(join(root, "v1", "snapshots")), []);
});

test("locks: one at a time, first come first served, across handles of one process", async (t) => {
  const root = temporaryRoot(t.teardown);
  const [a, b] = [open(t.teardown, root), open(t.teardown, root)];
  const order: string[] = [];
  const first = await a.locks.acquire("key");
  const waits: string[] = [];
  const rest = ["1", "2", "3"].map(async (name, i) => {
    const lock = await (i % 2 === 0 ? b : a).locks.acquire("key", { onWait: () => waits.push(name) });
    order.push(name);
    lock.release();
  });
  t.is(b.locks.tryAcquire("key"), undefined);
  b.locks.tryAcquire("other")?.release();
  t.deepEqual([waits, order], [["1", "2", "3"], []]);
  first.release();
  first.release();
  await Promise.all(rest);
  t.deepEqual(order, ["1", "2", "3"]);
  t.deepEqual(readdirSync(join(root, "v1", "locks")), []);
  const lock = b.locks.tryAcquire("key");
  t.truthy(lock);
  lock?.release();
});

test("locks: shares go together, and not with all of a lock", async (t) => {
  const root = temporaryRoot(t.teardown);
  const a = open(t.teardown, root);
  const b = open(t.teardown, root);
  const one = a.locks.tryShare("key");
  const two = b.locks.tryShare("key");
  t.truthy(one && two);
  t.is(a.locks.tryAcquire("key"), undefined);
  const all = b.locks.acquire("key");
  one?.release();
  one?.release();
  t.is(a.locks.tryAcquire("key"), undefined);
  two?.release();
  const lock = await all;
  t.is(a.locks.tryShare("key"), undefined);
  t.is(b.locks.tryShare("key"), undefined);
  lock.release();
  t.deepEqual(readdirSync(join(root, "v1", "locks")), []);
  const again = a.locks.tryShare("key");
  t.truthy(again);
  again?.release();
  t.deepEqual(readdirSync(join(root, "v1", "locks")), []);
});

test("locks: waiting ends with an abort, and the others go on waiting", async (t) => {
  const { locks } = open(t.teardown);
  const first = await locks.acquire("key");
  const controller = new AbortController();
  const aborted = locks.acquire("key", { signal: controller.signal });
  const second = locks.acquire("key");
  controller.abort();
  await t.throwsAsync(aborted, { code: "build/canceled" });
  await t.throwsAsync(locks.acquire("key", { signal: controller.signal }), { code: "build/canceled" });
  first.release();
  (await second).release();
});

/** Starts a process that has the lock "key" of a store, once it has printed something. */
function holder(root: string): ChildProcess {
  const script = `
    const { openStore } = await import(${JSON.stringify(new URL("../../../cache/open-store.js", import.meta.url).href)});
    await openStore({ root: ${JSON.stringify(root)} }).locks.acquire("key");
    console.log("locked");
    setInterval(() => {}, 1000);
  `;
  return spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
}

test("locks: another process's lock is waited for, and is free when that process dies", async (t) => {
  const root = temporaryRoot(t.teardown);
  const child = holder(root);
  t.teardown(() => child.kill("SIGKILL"));
  await once(child.stdout as Readable, "data");
  const { locks } = open(t.teardown, root);
  t.is(locks.tryAcquire("key"), undefined);
  const controller = new AbortController();
  const aborted = locks.acquire("key", { signal: controller.signal });
  controller.abort();
  await t.throwsAsync(aborted, { code: "build/canceled" });
  const waiting = Promise.all([locks.acquire("key").then((lock) => lock.release()), locks.acquire("key")]);
  child.kill("SIGKILL");
  const [, lock] = await waiting;
  lock.release();
  t.deepEqual(readdirSync(join(root, "v1", "locks")), []);
});

test("locks: who waits learns which process has the lock, and that it is stopped", async (t) => {
  const root = temporaryRoot(t.teardown);
  const child = holder(root);
  t.teardown(() => child.kill("SIGKILL"));
  await once(child.stdout as Readable, "data");
  const { locks } = open(t.teardown, root);
  const stop = new AbortController();
  const reported: (string | undefined)[] = [];
  const waiting = locks.acquire("key", {
    signal: stop.signal,
    onWait: (by) => {
      reported.push(by);
      if (reported.length === 1) child.kill("SIGSTOP");
      else stop.abort();
    },
  });
  await t.throwsAsync(waiting, { code: "build/canceled" });
  t.deepEqual(reported, [`process ${child.pid}`, `process ${child.pid}, which is stopped (kill -CONT ${child.pid} lets it go on)`]);
  // Nobody waits any more: the lock is free for others once its holder is gone.
  child.kill("SIGKILL");
  await once(child, "close");
  const lock = await locks.acquire("key");
  lock.release();
  t.deepEqual(readdirSync(join(root, "v1", "locks")), []);
});

test("crash: what a dead process had in flight goes at the next write, before and after", (t) => {
  const root = temporaryRoot(t.teardown);
  const first = openStore({ root });
  const active = first.layers.prepare();
  writeFileSync(join(active.fs, "f"), "x");
  active.commitSnapshot();
  first.close();
  // A process that dies leaves a directory whose lock nobody holds, and its rows.
  const dead = join(root, "v1", "tmp", "1-dead");
  mkdirSync(dead);
  writeFileSync(join(dead, "lock"), "");
  writeFileSync(join(dead, "blob-half"), "half");
  const store = open(t.teardown, root);
  t.true(store.gc.verify().includes("tmp/1-dead is of a dead process"));
  store.temporaryDirectory();
  t.deepEqual(store.gc.verify(), []);
});

const FIXTURE = fileURLToPath(new URL("fixtures/unprivileged.js", import.meta.url));
const nobody = whoCanReach({ name: "nobody", uid: 65534, gid: 65534, home: "/" }, FIXTURE);
const asNobody = requires(process.getuid?.() === 0 ? reasonIn(nobody) : undefined);

asNobody("orphans: trees this user cannot remove are listed for the worker until they are forgotten", async (t) => {
  const root = temporaryRoot(t.teardown);
  // Root can remove everything: be nobody.
  const ids = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  if (ids.uid !== undefined) chownSync(root, 65534, 65534);
  const child = spawn(process.execPath, [FIXTURE, root], { ...ids, stdio: ["ignore", "pipe", "pipe"] });
  t.teardown(() => execFileSync("chmod", ["-R", "u+rwX", root]));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  t.is(err, "");
  // A discarded staging directory, one that is open at close, a temporary directory; then the
  // unreferenced layer.
  t.like(JSON.parse(out), { removed: ["layer", "snapshot"], orphans: [3, 4, 0] });
});

requires(withoutMounts)("disk full: a clear error that says how to go on, and the store is well afterwards", async (t) => {
  const root = temporaryRoot(t.teardown);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", root], { stdio: "ignore" });
  try {
    const before = openStore({ root });
    for (let i = 0; i < 10; i++) before.blobs.writeSmall(`${i}`.repeat(50_000));
    before.close();
    const store = openStore({ root });
    const big = Readable.from([Buffer.alloc(8_000_000)]);
    t.like(await t.throwsAsync(store.blobs.ingest(big)), { code: "store/disk-full" });
    t.throws(
      () => {
        for (let i = 0; ; i++) store.results.save({ keys: [key(`${i}`)], layers: [], name: "RUN", components: "x".repeat(20_000) });
      },
      { code: "store/disk-full" },
    );
    t.true(store.gc.collect().removed.length > 0);
    store.close();
    const next = openStore({ root });
    next.gc.collect({ unusedFor: 0 });
    t.deepEqual(next.gc.verify(), []);
    next.close();
  } finally {
    execFileSync("umount", ["-l", root]);
  }
});
