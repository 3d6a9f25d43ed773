import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { readText, TEXT_LIMIT } from "../../../api/sources/read-text.js";
import { InputError } from "../../../core/system/regular-file.js";

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), "tsbuild-read-text-"));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("readText() reads a file and reports what is wrong with one", async (t) => {
  const root = directory(t);
  writeFileSync(join(root, "file"), "FROM scratch\n");
  const { signal } = new AbortController();
  t.is(await readText(join(root, "file"), signal), "FROM scratch\n");
  await t.throwsAsync(readText(join(root, "none"), signal), { code: "ENOENT" });
  await t.throwsAsync(readText(root, signal), { instanceOf: InputError, message: "it is a directory" });
  await t.throwsAsync(readText("/dev/zero", signal), { instanceOf: InputError, message: "it is a device" });
  // A file that says that it is empty.
  t.regex(await readText("/proc/self/status", signal), /^Name:/);
});

test("readText() reads no more than a Dockerfile may have, of a file and of a pipe", async (t) => {
  const root = directory(t);
  const { signal } = new AbortController();
  writeFileSync(join(root, "file"), "");
  truncateSync(join(root, "file"), TEXT_LIMIT);
  t.is((await readText(join(root, "file"), signal)).length, TEXT_LIMIT);
  truncateSync(join(root, "file"), TEXT_LIMIT + 1);
  await t.throwsAsync(readText(join(root, "file"), signal), { instanceOf: InputError, message: "it has more than 16 MiB" });
  const pipe = join(root, "pipe");
  execFileSync("mkfifo", [pipe]);
  const reading = readText(pipe, signal);
  const writer = spawn("sh", ["-c", 'exec cat /dev/zero >"$0"', pipe]);
  await t.throwsAsync(reading, { instanceOf: InputError, message: "it has more than 16 MiB" });
  // Nobody reads any more.
  await once(writer, "close");
});

test("readText() reads a pipe to its end, and gives up waiting on abort", async (t) => {
  const pipe = join(directory(t), "pipe");
  execFileSync("mkfifo", [pipe]);
  const reading = readText(pipe, new AbortController().signal);
  // A reader is there, so this does not block.
  const fd = openSync(pipe, "w");
  writeSync(fd, "FROM ");
  await new Promise((resolve) => setImmediate(resolve));
  writeSync(fd, "scratch\n");
  closeSync(fd);
  t.is(await reading, "FROM scratch\n");

  const abort = new AbortController();
  const waiting = readText(pipe, abort.signal);
  setImmediate(() => abort.abort());
  await t.throwsAsync(waiting, { code: "build/canceled" });
});
