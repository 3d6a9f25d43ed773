import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { readText } from "../../api/read-text.js";

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), "tsbuild-read-text-"));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("readText() reads a file and tells what is wrong with one", async (t) => {
  const root = directory(t);
  writeFileSync(join(root, "file"), "FROM scratch\n");
  const { signal } = new AbortController();
  t.is(await readText(join(root, "file"), signal), "FROM scratch\n");
  await t.throwsAsync(readText(join(root, "none"), signal), { code: "ENOENT" });
  await t.throwsAsync(readText(root, signal), { code: "EISDIR" });
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
