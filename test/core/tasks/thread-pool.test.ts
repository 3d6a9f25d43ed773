import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { CanceledError, TsbuildError } from "../../../core/errors.js";
import { membersOf, wholeError } from "../../support/whole-error.js";
import { ThreadPool } from "../../../core/tasks/thread-pool.js";

const entry = new URL("./thread-pool-entry.js", import.meta.url);

async function withPool<R>(
  options: { size?: number; graceMs?: number; growthMs?: number },
  use: (pool: ThreadPool) => Promise<R>,
): Promise<R> {
  const pool = new ThreadPool({ entry, ...options });
  try {
    return await use(pool);
  } finally {
    await pool.close();
  }
}

test("tasks get structured data and give it back", (t) =>
  withPool({ size: 2 }, async (pool) => {
    const value = { a: [1n, new Uint8Array([1, 2])], m: new Map([["k", undefined]]) };
    t.deepEqual(await pool.run("echo", value), value);
  }));

test("blocks of memory that are transferred are moved, not copied", (t) =>
  withPool({ size: 1 }, async (pool) => {
    const bytes = new Uint8Array([1, 2, 3]);
    t.deepEqual(await pool.run("echo", { bytes }, { transfer: [bytes.buffer] }), { bytes: new Uint8Array([1, 2, 3]) });
    t.is(bytes.length, 0);
  }));

test("a thread is used again; one more starts for tasks that wait, at most `size`", (t) =>
  withPool({ size: 2, growthMs: 1 }, async (pool) => {
    const one = await pool.run<number>("thread", undefined);
    t.is(await pool.run<number>("thread", undefined), one);
    const stop = new AbortController();
    const spinning = pool.run("spin", undefined, { signal: stop.signal });
    const others = await Promise.all(Array.from({ length: 4 }, () => pool.run<number>("thread", undefined)));
    t.is(new Set(others).size, 1, "the tasks that wait together share the second thread");
    t.not(others[0], one);
    stop.abort();
    await t.throwsAsync(spinning, { instanceOf: CanceledError });
  }));

test("a task that waits for a moment takes the thread that becomes free", (t) =>
  withPool({ size: 8, growthMs: 2 ** 30 }, async (pool) => {
    const many = await Promise.all(Array.from({ length: 8 }, () => pool.run<number>("thread", undefined)));
    t.is(new Set(many).size, 1);
  }));

test("a thread that was prepared takes the first task", (t) =>
  withPool({ size: 2, growthMs: 2 ** 30 }, async (pool) => {
    pool.prepare();
    pool.prepare();
    const stop = new AbortController();
    const spinning = pool.run("spin", undefined, { signal: stop.signal, onProgress: () => stop.abort() });
    const one = pool.run<number>("thread", undefined);
    await t.throwsAsync(spinning, { instanceOf: CanceledError });
    t.is(await pool.run<number>("thread", undefined), await one);
  }));

test("progress arrives in order before the result", (t) =>
  withPool({}, async (pool) => {
    const seen: unknown[] = [];
    t.is(await pool.run("count", 5, { onProgress: (value) => seen.push(value) }), 5);
    t.deepEqual(seen, [1, 2, 3, 4, 5]);
  }));

test("a TsbuildError keeps its members and those of its causes", (t) =>
  withPool({}, async (pool) => {
    const error = await t.throwsAsync<TsbuildError>(pool.run("fail", undefined), { instanceOf: TsbuildError });
    t.deepEqual(membersOf(error), membersOf(wholeError("layer/file-changed")));
  }));

test("a bug stays a plain error with its name and the thread's stack", (t) =>
  withPool({}, async (pool) => {
    const error = await t.throwsAsync(pool.run("bug", undefined), { message: "internal: x is not a function" });
    t.false(error instanceof TsbuildError);
    t.is(error.name, "TypeError");
    t.regex(error.stack ?? "", /thread-pool-entry/);
  }));

test("unknown tasks, params and results that cannot be cloned fail alone; the thread goes on", (t) =>
  withPool({ size: 1 }, async (pool) => {
    await t.throwsAsync(pool.run("toString", 1), { message: /no task "toString"/ });
    await t.throwsAsync(
      pool.run("echo", () => 0),
      { message: /parameters of task "echo" could not be cloned/ },
    );
    await t.throwsAsync(pool.run("uncloneable", 1), { message: /could not be cloned/ });
    t.is(await pool.run("echo", 1), 1);
  }));

test("abort asks a running task to stop through shared memory, and keeps the thread", (t) =>
  withPool({ size: 1 }, async (pool) => {
    const before = await pool.run("thread", undefined);
    const controller = new AbortController();
    const running = pool.run("spin", undefined, { signal: controller.signal, onProgress: () => controller.abort() });
    await t.throwsAsync(running, { instanceOf: CanceledError });
    t.is(await pool.run("thread", undefined), before);
  }));

test("a task that does not stop loses its thread; waiting tasks get a new one", (t) =>
  withPool({ size: 1, graceMs: 20 }, async (pool) => {
    const before = await pool.run("thread", undefined);
    const controller = new AbortController();
    const running = pool.run("hang", undefined, { signal: controller.signal, onProgress: () => controller.abort() });
    const waiting = pool.run("thread", undefined);
    await t.throwsAsync(running, { instanceOf: CanceledError });
    t.not(await waiting, before);
  }));

test("abort takes a waiting task out of the queue, and an aborted signal starts nothing", (t) =>
  withPool({ size: 1 }, async (pool) => {
    const stop = new AbortController();
    const gone = new AbortController();
    const running = pool.run("spin", undefined, { signal: stop.signal });
    const waiting = pool.run("echo", "waiting", { signal: gone.signal });
    const after = pool.run("echo", "after", { signal: new AbortController().signal });
    gone.abort();
    await t.throwsAsync(waiting, { instanceOf: CanceledError });
    await t.throwsAsync(pool.run("echo", 1, { signal: gone.signal }), { instanceOf: CanceledError });
    stop.abort();
    await t.throwsAsync(running, { instanceOf: CanceledError });
    t.is(await after, "after");
  }));

test("a thread that ends takes only its own task with it", (t) =>
  withPool({ size: 1 }, async (pool) => {
    const died = pool.run("exit", undefined);
    const next = pool.run("echo", 2);
    await t.throwsAsync(died, { message: /exit code 3/ });
    t.is(await next, 2);
  }));

test("close rejects what runs and what waits", async (t) => {
  const pool = new ThreadPool({ entry, size: 1 });
  const running = pool.run("hang", undefined, { onProgress: () => void pool.close() });
  const waiting = pool.run("echo", 1);
  await t.throwsAsync(running, { instanceOf: CanceledError });
  await t.throwsAsync(waiting, { instanceOf: CanceledError });
  await pool.close();
  await t.throwsAsync(pool.run("echo", 1), { message: /closed thread pool/ });
});

test("close waits for a thread whose answer arrives after it was asked to end", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-pool-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const pipe = join(directory, "pipe");
  t.is(spawnSync("mkfifo", [pipe]).status, 0);
  const module = new URL("../../../core/tasks/thread-pool.js", import.meta.url).href;
  // The thread has answered when the pipe is open. The main thread reads the answer while it waits.
  // The timer does not keep the process alive.
  const script = `import { ThreadPool } from ${JSON.stringify(module)};
    import { closeSync, openSync } from "node:fs";
    const pool = new ThreadPool({ entry: new URL(${JSON.stringify(entry.href)}), size: 1 });
    await pool.run("echo", 1);
    pool.run("stay", ${JSON.stringify(pipe)}).catch((error) => console.log(error.name));
    const writer = openSync(${JSON.stringify(pipe)}, "w");
    const closing = pool.close();
    setTimeout(() => closeSync(writer), 50).unref();
    process.once("beforeExit", () => closeSync(writer));
    await closing;
    console.log("closed");
    process.exit(0);`;
  const result = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  t.is(result.stdout, "CanceledError\nclosed\n", result.stderr);
  t.is(result.status, 0);
});

test("idle threads do not keep the process alive", (t) => {
  const module = new URL("../../../core/tasks/thread-pool.js", import.meta.url).href;
  const script = `import { ThreadPool } from ${JSON.stringify(module)};
    const pool = new ThreadPool({ entry: new URL(${JSON.stringify(entry.href)}), size: 2 });
    console.log(await Promise.all([pool.run("echo", 1), pool.run("echo", 2)]));`;
  const result = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  t.is(result.stdout.trim(), "[ 1, 2 ]");
  t.is(result.status, 0);
});
