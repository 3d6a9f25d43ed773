import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { withSink } from "../../../oci/layout/byte-sink.js";

/** More bytes than a pipe holds. */
const MUCH = randomBytes(3 << 20);

function pipe(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-byte-sink-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "pipe");
  execFileSync("mkfifo", [path]);
  return path;
}

/** Opens a reader that takes nothing. */
function idleReader(t: ExecutionContext, path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  t.teardown(() => {
    try {
      closeSync(fd);
    } catch {
      // The test has closed it.
    }
  });
  return fd;
}

test("a pipe without a reader is waited for, and an abort ends the wait", async (t) => {
  const path = pipe(t);
  const abort = new AbortController();
  const waits: string[] = [];
  const writing = withSink(
    path,
    {
      signal: abort.signal,
      onWait(what) {
        waits.push(what);
        abort.abort();
      },
    },
    async () => t.fail("nobody reads"),
  );
  await t.throwsAsync(writing, { code: "build/canceled" });
  t.deepEqual(waits, [`waiting for a reader of ${path}`]);
});

test("a reader that comes later gets all bytes of a pipe, and the pipe stays", async (t) => {
  const path = pipe(t);
  let reading: Promise<Buffer> | undefined;
  await withSink(path, { onWait: () => void (reading = readFile(path)) }, async (sink) => {
    await sink.write(MUCH.subarray(0, 10));
    await sink.write(MUCH.subarray(10));
  });
  t.true((await reading)?.equals(MUCH));
});

test("a reader that takes nothing holds nothing up: an abort ends the write", async (t) => {
  const path = pipe(t);
  idleReader(t, path);
  const abort = new AbortController();
  const writing = withSink(path, { signal: abort.signal }, async (sink) => {
    const written = sink.write(MUCH);
    abort.abort();
    await written;
  });
  await t.throwsAsync(writing, { code: "build/canceled" });
});

test("a reader that goes away is an error", async (t) => {
  const path = pipe(t);
  const fd = idleReader(t, path);
  const writing = withSink(path, {}, async (sink) => {
    const written = sink.write(MUCH);
    closeSync(fd);
    await written;
  });
  await t.throwsAsync(writing, { code: "export/write-failed", message: `Cannot write "${path}": its reader has gone` });
});

test("a file is replaced when its bytes are complete, and left as it was on failure", async (t) => {
  const path = join(pipe(t), "..", "file");
  await withSink(path, {}, async (sink) => sink.write(Buffer.from("one")));
  const failing = withSink(path, {}, async (sink) => {
    await sink.write(Buffer.from("two"));
    throw new Error("half way");
  });
  await t.throwsAsync(failing, { message: "half way" });
  t.is(readFileSync(path, "utf8"), "one");
});
