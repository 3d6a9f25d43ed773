import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { BuildSecrets } from "../../../api/sources/build-secrets.js";

function pipe(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-secrets-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "pipe");
  execFileSync("mkfifo", [path]);
  return path;
}

test("secrets: a pipe is read to its end", async (t) => {
  const src = pipe(t);
  const secrets = new BuildSecrets({ token: { src } }, {});
  const reading = secrets.readPipes(new AbortController().signal);
  const fd = openSync(src, "w");
  writeSync(fd, "from a ");
  await new Promise((resolve) => setImmediate(resolve));
  writeSync(fd, "command");
  closeSync(fd);
  await reading;
  t.is(Buffer.from(secrets.get("token") ?? []).toString(), "from a command");
});

test("secrets: a pipe that nobody writes to ends with the build; one that brings too much is refused", async (t) => {
  const src = pipe(t);
  const abort = new AbortController();
  const waiting = new BuildSecrets({ token: { src } }, {}).readPipes(abort.signal);
  setImmediate(() => abort.abort());
  await t.throwsAsync(waiting, { code: "build/canceled" });
  const endless = new BuildSecrets({ token: { src } }, {}).readPipes(new AbortController().signal);
  const fd = openSync(src, "r+");
  t.teardown(() => closeSync(fd));
  const more = setInterval(() => writeSync(fd, Buffer.alloc(1 << 12)), 1);
  await t.throwsAsync(endless, { code: "secret/too-large" });
  clearInterval(more);
});

test("secrets: devices are no files", (t) => {
  const secrets = new BuildSecrets({ token: { src: "/dev/zero" } }, {});
  t.throws(() => secrets.get("token"), { code: "secret/unreadable", message: /: it is a device$/ });
  const file = join(pipe(t), "..", "file");
  writeFileSync(file, "value");
  t.is(Buffer.from(new BuildSecrets({ token: { src: file } }, {}).get("token") ?? []).toString(), "value");
});
