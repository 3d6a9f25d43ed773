import { execFileSync } from "node:child_process";
import { linkSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { lstatAll, STAT_WORDS } from "../../../core/system/lstat-all.js";
import { encodePath, fsPath } from "../../../core/system/path-bytes.js";
import { withDirectory } from "../../oci/layer/disk.js";

/** Returns what Node says of a name. */
function byNode(directory: string, name: string): readonly bigint[] {
  const stat = lstatSync(fsPath(join(directory, name)), { bigint: true, throwIfNoEntry: false });
  if (!stat) return new Array<bigint>(STAT_WORDS).fill(0n);
  const { mode, nlink, rdev, dev, ino, size, mtimeNs, ctimeNs } = stat;
  return [mode, nlink, rdev, dev, ino, size, mtimeNs, ctimeNs];
}

function compare(directory: string, names: readonly string[]): { readonly ours: readonly bigint[]; readonly nodes: readonly bigint[] } {
  return { ours: [...(lstatAll(directory, names) ?? [])], nodes: names.flatMap((name) => byNode(directory, name)) };
}

test("lstatAll() says of each name what lstat of Node says", (t) =>
  withDirectory((directory) => {
    mkdirSync(join(directory, "d"));
    writeFileSync(join(directory, "file"), "hello");
    linkSync(join(directory, "file"), join(directory, "other"));
    symlinkSync("nowhere", join(directory, "link"));
    execFileSync("mkfifo", [join(directory, "fifo")]);
    writeFileSync(encodePath(join(directory, "bytes-\udcff")), "");
    writeFileSync(join(directory, "old"), "");
    execFileSync("touch", ["-d", "1901-12-31 23:59:58.75 UTC", join(directory, "old")]);
    const { ours, nodes } = compare(directory, ["d", "missing", "file", "other", "link", "fifo", "bytes-\udcff", "old"]);
    t.deepEqual(ours, nodes);
    const devices = compare("/dev", ["null", "zero", "tty"]);
    t.deepEqual(devices.ours, devices.nodes);
  }));

test("lstatAll() leaves every other failure to Node", (t) =>
  withDirectory((directory) => {
    writeFileSync(join(directory, "file"), "");
    t.is(lstatAll(join(directory, "file"), ["a"]), undefined, "no directory");
    t.is(lstatAll(join(directory, "missing"), ["a"]), undefined, "nothing there");
    t.is(lstatAll(directory, ["file", "n".repeat(300)]), undefined, "a name too long");
    t.is(lstatAll(directory, ["file", "n".repeat(5000)]), undefined, "a name longer than the buffer");
    t.is(lstatAll(directory, ["file", "a\0b"]), undefined, "a name that is none");
  }));
