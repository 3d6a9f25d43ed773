import { chmodSync, linkSync, mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { removeFromFiles } from "../../../core/system/text-of-files.js";
import { temporaryDirectory } from "../../support/images/images.js";

const TEXT = Buffer.from("ours\n");

test("a text is taken out of files once, and their modes and times stay", (t) => {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  mkdirSync(join(path, "a/b/deeper"), { recursive: true });
  const files = { "a/b/end": "x\nours\n", "a/b/twice": "ours\nours\n", "a/b/none": "x", "a/b/deeper/kept": "ours\n", "a/kept": "ours\n" };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  chmodSync(join(path, "a/b/end"), 0o440);
  utimesSync(join(path, "a/b/end"), 1000, 1000);
  removeFromFiles(path, ["a/b", "missing/b"], TEXT);
  const read = Object.keys(files).map((name) => readFileSync(join(path, name), "utf8"));
  t.deepEqual(read, ["x\n", "ours\n", "x", "ours\n", "ours\n"]);
  const { mode, mtimeMs } = statSync(join(path, "a/b/end"));
  t.deepEqual([mode & 0o777, mtimeMs], [0o440, 1_000_000]);
});

test("links lead to no other file", (t) => {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  for (const name of ["outside/b", "root/b"]) mkdirSync(join(path, name), { recursive: true });
  for (const name of ["outside/file", "outside/b/file"]) writeFileSync(join(path, name), TEXT);
  symlinkSync("../outside", join(path, "root/a"));
  symlinkSync("../../outside/file", join(path, "root/b/link"));
  writeFileSync(join(path, "root/file"), "x");
  linkSync(join(path, "root/file"), join(path, "root/b/file"));
  removeFromFiles(join(path, "root"), ["a", "a/b", "b", "file", "b/link"], TEXT);
  for (const name of ["outside/file", "outside/b/file"]) t.is(readFileSync(join(path, name), "utf8"), "ours\n");
});

test("files of any size are read in pieces", (t) => {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  const piece = 1 << 20;
  const before = Buffer.alloc(piece - 2, "b");
  const after = Buffer.alloc(3 * piece + 7, "a");
  writeFileSync(join(path, "across"), Buffer.concat([before, TEXT, after]));
  writeFileSync(join(path, "large"), "");
  truncateSync(join(path, "large"), 2 ** 31 + 1);
  removeFromFiles(path, ["."], TEXT);
  t.true(readFileSync(join(path, "across")).equals(Buffer.concat([before, after])));
  t.is(statSync(join(path, "large")).size, 2 ** 31 + 1);
});
