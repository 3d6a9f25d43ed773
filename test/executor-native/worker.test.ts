import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { PassThrough } from "node:stream";
import test from "ava";
import { firstFreeId, identity, idMaps, ownershipHere, rangeMap } from "../../executor-native/id-map.js";
import { isHostRoot } from "../../executor-native/ownership.js";
import type { RunningCommand } from "../../executor-native/contract.js";
import { startWorker } from "../../executor-native/start-worker.js";
import { encodeMessage, type Frame, FrameReader, outputHeader, type Response } from "../../executor-native/worker/protocol.js";
import { BUSYBOX, ENTRY, ownSleep, processesWith, SandboxRig } from "../support/rigs/sandbox-rig.js";
import { notInstalled, requires, withoutNamespaces } from "../support/requires.js";
import { until } from "../support/until.js";

test("id maps: what each user may have", (t) => {
  t.is(identity("         0          0 4294967295\n"), "0 0 4294967295");
  t.is(identity("0 1000 1\n1 100000 65536\n"), "0 0 1,1 1 65536");
  const ranges = "# comment\nme:100000:65536\nother:200000:65536\n1001:300000:10\nme:bad:1\nme:1:0\n";
  t.is(rangeMap(1001, ranges, ["1001", "me"]), "0 1001 1,1 100000 65536,65537 300000 10");
  t.is(rangeMap(1001, ranges, ["nobody"]), undefined);
});

test("id maps: the range that is proposed to a user without one overlaps nobody's", (t) => {
  t.is(firstFreeId("", "# none\n"), 100_000);
  t.is(firstFreeId("a:100000:65536\nb:165536:65536\n", "a:100000:65536\n"), 231_072);
  t.is(firstFreeId("a:100000:65536\nbroken\n", "a:500000:10\n"), 500_010);
  t.is(firstFreeId("a:1000:10\n"), 100_000);
});

test("id maps: one id can be asked for, and says what it lacks", (t) => {
  const before = process.env["TSBUILD_OWNERSHIP"];
  process.env["TSBUILD_OWNERSHIP"] = "virtual";
  try {
    const { mode, uids, gids, lacking } = idMaps();
    t.deepEqual([mode, uids, gids], ["own", `0 ${process.geteuid?.()} 1`, `0 ${process.getegid?.()} 1`]);
    t.regex(lacking?.problem ?? "", /TSBUILD_OWNERSHIP/);
    t.is(ownershipHere(), "virtual");
  } finally {
    if (before === undefined) delete process.env["TSBUILD_OWNERSHIP"];
    else process.env["TSBUILD_OWNERSHIP"] = before;
  }
});

test("who is the host's root", (t) => {
  const full = "         0          0 4294967295\n";
  t.true(isHostRoot(full, 0));
  t.true(isHostRoot("0 0 1\n", 0));
  t.true(isHostRoot("1 100000 65535\n0 0 1\n", 0));
  t.false(isHostRoot(full, 1000));
  t.false(isHostRoot("0 100000 65536\n", 0));
  t.false(isHostRoot("0 1000 1\n1 100000 65536\n", 0));
});

test("frames survive any cut of the byte stream", (t) => {
  const data = Buffer.from("output".repeat(50));
  const messages: Response[] = [
    { type: "ready", outerProc: false },
    { type: "progress", id: 7, value: { big: "x".repeat(300) } },
    { type: "done", id: 9, value: undefined },
  ];
  const bytes = Buffer.concat([
    ...messages.map(encodeMessage),
    outputHeader(5, "stdout", data.length),
    data,
    outputHeader(6, "stderr", 0),
    encodeMessage(messages[0] as Response),
  ]);
  for (const size of [1, 2, 3, 8, 9, 10, 64, 300, bytes.length]) {
    const reader = new FrameReader<Response>();
    const frames: Frame<Response>[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      for (const frame of reader.read(bytes.subarray(at, at + size)))
        frames.push(frame.kind === "output" ? { ...frame, data: Buffer.from(frame.data) } : frame);
    }
    t.deepEqual(
      frames,
      [
        ...messages.map((message) => ({ kind: "message", message }) as const),
        { kind: "output", id: 5, stream: "stdout", data },
        { kind: "output", id: 6, stream: "stderr", data: Buffer.alloc(0) },
        { kind: "message", message: messages[0] as Response },
      ],
      `in pieces of ${size}`,
    );
  }
});

const withNamespaces = requires(withoutNamespaces());

withNamespaces("a worker that ends is an error for whoever waits, and for whoever comes after", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "tsbuild-state-"));
  try {
    const worker = await startWorker({ entry: ENTRY, stateDirectory: state });
    t.true(Number(await worker.task("variable", "UV_THREADPOOL_SIZE")) >= Math.max(4, availableParallelism()));
    const waiting = t.throwsAsync(worker.task("wait", undefined), { code: "exec/worker-gone" });
    await t.throwsAsync(worker.task("exit", undefined), { code: "exec/worker-gone", message: /exit code 7/ });
    await waiting;
    await t.throwsAsync(worker.task("echo", 1), { code: "exec/worker-gone" });
    await worker.close();

    const closed = await startWorker({ entry: ENTRY, stateDirectory: state });
    const cut = t.throwsAsync(closed.task("wait", undefined), { code: "exec/worker-closed" });
    await Promise.all([closed.close(), closed.close(), cut]);
    await t.throwsAsync(closed.remove(["/nowhere"]), { code: "exec/worker-closed" });
    await t.throwsAsync(startWorker({ entry: join(state, "missing.js"), stateDirectory: state }), {
      code: "exec/worker-start",
      message: /missing\.js/,
    });
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});

withNamespaces("closing waits for the worker's end, also with a request under way", (t) => {
  const url = (path: string): string => JSON.stringify(new URL(`../../executor-native/worker/${path}`, import.meta.url).href);
  // Ends a while after the connection has.
  const worker = `import { Socket } from "node:net";
    import { encodeMessage } from ${url("protocol.js")};
    const socket = new Socket({ fd: 3 });
    socket.write(encodeMessage({ type: "ready", outerProc: false }));
    socket.resume().on("end", () => setTimeout(() => process.exit(0), 100));`;
  const main = `import { spawn, spawnSync } from "node:child_process";
    import { WorkerClient } from ${url("client.js")};
    const child = spawn(process.execPath, ["--input-type=module", "-e", ${JSON.stringify(worker)}], { stdio: ["ignore", "ignore", "pipe", "pipe"] });
    child.stderr.resume().unref();
    const client = await WorkerClient.connect({ child, socket: child.stdio[3], errors: () => "" });
    client.task("wait").catch((error) => console.log(error.code));
    await client.close();
    console.log("closed");`;
  const result = spawnSync(process.execPath, ["--input-type=module", "-e", main], { encoding: "utf8" });
  t.is(result.stdout, "exec/worker-closed\nclosed\n", result.stderr);
  t.is(result.status, 0);
});

if (BUSYBOX === undefined) {
  requires(notInstalled("busybox-static"))("workers and sandboxes", (t) => t.fail());
} else {
  withNamespaces("closing stops running steps", async (t) => {
    const rig = await SandboxRig.open();
    const up = withResolvers<void>();
    const time = ownSleep(98765);
    const running = t.throwsAsync(rig.run(`echo up; sleep ${time}`, { onOutput: () => up.resolve() }), { code: "exec/worker-closed" });
    await up.promise;
    await rig.worker.close();
    await running;
    t.deepEqual(processesWith(time), []);
    const cleaner = await startWorker({ entry: ENTRY, stateDirectory: join(rig.base, "state") });
    await cleaner.remove([rig.base]);
    await cleaner.close();
    t.false(existsSync(rig.base));
  });

  withNamespaces("kill -9 of the main process ends the worker and every sandbox", async (t) => {
    const script = fileURLToPath(new URL("main-process.js", import.meta.url));
    const time = ownSleep(98766);
    const main = spawn(process.execPath, [script, time], { stdio: ["ignore", "pipe", "inherit"] });
    const lines: string[] = [];
    for await (const line of createInterface(main.stdout)) {
      lines.push(line);
      if (line === "up") main.kill("SIGKILL");
    }
    const base = lines[0] as string;
    try {
      const left = (): number[] => [...processesWith(time), ...processesWith(base)];
      await until(() => left().length === 0);
      t.deepEqual(left(), []);
    } finally {
      const cleaner = await startWorker({ entry: ENTRY, stateDirectory: `${base}-state` });
      await cleaner.remove([base, `${base}-state`]);
      await cleaner.close();
    }
    t.false(existsSync(base));
  });
}

function withResolvers<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

withNamespaces.serial("a command waits while its output is not taken, and others go on", async (t) => {
  const rig = await SandboxRig.open();
  try {
    let take = (): void => {};
    const taken = new Promise<void>((resolve) => (take = resolve));
    let bytes = 0;
    let began = (): void => {};
    const begun = new Promise<void>((resolve) => (began = resolve));
    const slow = rig.run("head -c 33554432 /dev/zero; echo end >&2", {
      onOutput(_stream, data) {
        bytes += data.length;
        began();
        return taken;
      },
    });
    await begun;
    for (let i = 0; i < 3; i++) t.is((await rig.run("echo other")).out, "other\n");
    t.true(bytes < 16 << 20, `${bytes} bytes came although none was taken`);
    take();
    const { exit, err } = await slow;
    t.deepEqual([exit, err, bytes], [{ code: 0 }, "end\n", 33554432 + 4]);
  } finally {
    await rig.close();
  }
});

withNamespaces.serial("health checks run beside a command, as its user, until it ends", async (t) => {
  const rig = await SandboxRig.open();
  try {
    if (rig.tier !== "namespaces") return void t.pass("a health check needs namespaces");
    const check = [
      "/bin/sh",
      "-c",
      'read word </tmp/word; case $word in hang) sleep 600;; big) head -c 9000 /dev/zero | tr "\\0" x; exit 3;; *) echo "$(id -u) $NAME $(pwd) $word"; esac',
    ];
    const never = new AbortController().signal;
    const results: unknown[] = [];
    let running: RunningCommand | undefined;
    let said = "";
    const input = new PassThrough();
    const ran = await rig.run("chmod 777 /tmp; for w in one big hang two; do echo $w >/tmp/word; echo $w; read line; done; exit 7", {
      user: "7:8",
      env: ["PATH=/bin", "NAME=value"],
      cwd: "/tmp",
      interactive: true,
      check,
      input,
      onStart: (command) => {
        running = command;
        void (async () => {
          for (const word of ["one", "big", "hang", "two"]) {
            await until(() => said.includes(`${word}\n`));
            const timeout = new AbortController();
            if (word === "hang") setImmediate(() => timeout.abort(new Error("too long")));
            results.push(await command.check(word === "hang" ? timeout.signal : never).catch(() => "killed"));
            input.write("on\n");
          }
        })();
      },
      onOutput: (_stream, data) => void (said += Buffer.from(data).toString()),
    });
    t.deepEqual(ran.exit, { code: 7 });
    t.is(await running?.check(never), undefined);
    t.deepEqual(results, [
      { code: 0, output: "7 value /tmp one\n" },
      { code: 3, output: "x".repeat(4096) },
      "killed",
      { code: 0, output: "7 value /tmp two\n" },
    ]);
  } finally {
    await rig.close();
  }
});
