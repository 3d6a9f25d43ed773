import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { programPath } from "../../executor-native/program-path.js";

test("a program is the first executable of its name", (t) => {
  const root = mkdtempSync(join(tmpdir(), "tsbuild-path-"));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ["plain", "first", "second"]) mkdirSync(join(root, folder));
  writeFileSync(join(root, "plain", "tool"), "");
  chmodSync(join(root, "plain", "tool"), 0o644);
  for (const folder of ["first", "second"]) {
    writeFileSync(join(root, folder, "tool"), "#!/bin/sh\n");
    chmodSync(join(root, folder, "tool"), 0o755);
  }
  symlinkSync("tool", join(root, "second", "link"));
  const path = ["missing", "plain", "first", "second"].map((folder) => join(root, folder)).join(":");
  t.is(programPath("tool", path), join(root, "first", "tool"));
  t.is(programPath("link", path), join(root, "second", "link"));
  t.is(programPath("other", path), undefined);
  t.is(programPath("tool", ""), undefined);
  t.is(programPath("tool"), undefined);
});
