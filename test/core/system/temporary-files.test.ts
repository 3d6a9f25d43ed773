import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { writeFileAtomic } from "../../../core/system/fs-atomic.js";
import { isTemporaryName, removeAbandoned, temporaryName } from "../../../core/system/temporary-files.js";

function directoryOf(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-temporary-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The number of a process that has ended. */
const gone = () => String(spawnSync("true").pid);

test("names are distinguished from others", (t) => {
  t.true(isTemporaryName(basename(temporaryName("/d", "out.tar"))));
  t.true(isTemporaryName(basename(temporaryName("/d"))));
  t.true(Buffer.byteLength(basename(temporaryName("/d", "n".repeat(255)))) < 200);
  for (const name of [".tsbuild", ".tsbuild-1-2", "out.tar", ".out.tar", ".tmp-12-0123456789ab", "tsbuild-00000000-1-0123456789ab"])
    t.false(isTemporaryName(name), name);
});

test("what dead processes left is removed, files and directories; what living ones write stays, and so does everything else", (t) => {
  const directory = directoryOf(t);
  const mine = temporaryName(directory, "mine");
  const dead = basename(temporaryName(directory, "out.tar")).replace(`-${process.pid}-`, `-${gone()}-`);
  const deadTree = basename(temporaryName(directory)).replace(`-${process.pid}-`, `-${gone()}-`);
  const running = dead.replace(/-\d+-[0-9a-f]{12}$/, `-${process.ppid}-0123456789ab`);
  mkdirSync(join(directory, deadTree));
  writeFileSync(join(directory, deadTree, "f"), "");
  for (const name of [basename(mine), dead, running, "kept", ".kept"]) writeFileSync(join(directory, name), "");
  removeAbandoned(directory);
  t.deepEqual(readdirSync(directory).sort(), [basename(mine), running, "kept", ".kept"].sort());
  t.notThrows(() => removeAbandoned(join(directory, "none")));
});

test("what processes of another boot or namespace left is removed when nobody has written to it for a day", (t) => {
  const directory = directoryOf(t);
  const young = ".out.tsbuild-00000000-1-0123456789ab";
  const old = ".out.tsbuild-00000000-1-ba9876543210";
  for (const name of [young, old]) writeFileSync(join(directory, name), "");
  const yesterday = Date.now() / 1000 - 100_000;
  utimesSync(join(directory, old), yesterday, yesterday);
  removeAbandoned(directory);
  t.deepEqual(readdirSync(directory), [young]);
});

test("writeFileAtomic() clears up after others, unless it is asked not to", (t) => {
  const directory = directoryOf(t);
  const dead = basename(temporaryName(directory, "id")).replace(`-${process.pid}-`, `-${gone()}-`);
  writeFileSync(join(directory, dead), "");
  writeFileAtomic(join(directory, "id"), "1", { tidy: false });
  t.deepEqual(readdirSync(directory).sort(), [dead, "id"].sort());
  writeFileAtomic(join(directory, "id"), "2");
  t.deepEqual(readdirSync(directory), ["id"]);
});
