import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { makeDirectory } from "../../../core/system/make-directory.js";

test("makeDirectory() makes parents, and takes what is there", (t) => {
  const root = mkdtempSync(join(tmpdir(), "tsbuild-mkdir-"));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const path = join(root, "a/b/c");
  makeDirectory(path, (part) => mkdirSync(part, 0o700));
  t.is(statSync(path).mode & 0o777, 0o700);
  // One that is there stays as it is.
  makeDirectory(path, (part) => mkdirSync(part, 0o750));
  t.is(statSync(path).mode & 0o777, 0o700);
  writeFileSync(join(root, "file"), "");
  t.throws(() => makeDirectory(join(root, "file")), { code: "EEXIST" });
  t.throws(() => makeDirectory(join(root, "file/below")), { code: "ENOTDIR" });
});

test("makeDirectory() ends where directories cannot be made", (t) => {
  t.throws(() => makeDirectory("/proc/nowhere/below"), { code: "ENOENT" });
});
