import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { comparePaths } from "../../../../oci/layer/model/path-order.js";
import { lgetxattr } from "../../../../core/system/posix.js";
import { type Entry, tarOf } from "../../tar/build-tar.js";
import { attacks } from "../attacks.js";
import { listing, withDirectory } from "../disk.js";
import { mediaType, scan, extract, apply, diff, own, rejects } from "../layer-rig.js";

for (const { title, entries, refused, makes } of attacks) {
  test(`hostile layer: ${title}`, (t) =>
    withDirectory(async (directory) => {
      const blob = join(directory, "layer.tar");
      const dest = join(directory, "a", "b", "dest");
      mkdirSync(dest, { recursive: true });
      writeFileSync(blob, tarOf(entries));
      if (refused !== undefined) {
        await rejects(t, apply({ blob, mediaType, dest }), refused);
        await rejects(t, scan({ blob, mediaType }), refused);
        t.deepEqual(readdirSync(dest), [], "nothing is left");
      } else {
        const applied = await apply({ blob, mediaType, dest });
        t.deepEqual(listing(dest), [...(makes ?? [])].sort());
        t.deepEqual(applied, await scan({ blob, mediaType }), "scan and apply agree");
        const paths = [...applied.toc.entries].map(({ path }) => path);
        t.deepEqual(paths, [...paths].sort(comparePaths));
        t.is(new Set([...paths, ...applied.toc.whiteouts]).size, paths.length + applied.toc.whiteouts.length);
        t.true(paths.every((path) => path === "" || !/(^|\/)(\.{0,2})(\/|$)/.test(path)));
      }
      t.deepEqual(readdirSync(directory).sort(), ["a", "layer.tar"], "nothing outside");
      // Links of a user who can give no files away have their owners in a file beside it.
      const isRoot = process.geteuid?.() === 0;
      t.deepEqual(
        readdirSync(join(directory, "a", "b")).filter((name) => isRoot || name !== "dest.owners"),
        ["dest"],
      );
      t.deepEqual(readdirSync(join(directory, "a")), ["b"]);
    }));
}

test("two names that are one to the file system end the unpacking", (t) =>
  withDirectory(async (directory) => {
    const blob = join(directory, "layer.tar");
    const makers: readonly Entry[] = [
      { name: "file", data: "x" },
      { name: "directory/", type: "dir" },
      { name: "implied/x" },
      { name: "link", type: "symlink", link: "x" },
      { name: "fifo", type: "fifo" },
      { name: ".wh.gone" },
    ];
    for (const entry of makers) {
      const dest = join(directory, entry.name.replaceAll("/", "-"));
      mkdirSync(dest);
      writeFileSync(blob, tarOf([entry]));
      const unpacking = apply({ blob, mediaType, dest });
      // A file system that folds case would return this file for the second name.
      const name = entry.name.replace(/\/.*/, "").replace(".wh.", "");
      writeFileSync(join(dest, name), "first");
      const error = await rejects(t, unpacking, "layer/name-collision");
      t.true(error.message.includes(`"${name}`), error.message);
      t.deepEqual(readdirSync(dest), []);
    }
  }));

test("names starting with .wh. are names in archives that are read literally", (t) =>
  withDirectory(async (directory) => {
    const blob = join(directory, "a.tar");
    writeFileSync(
      blob,
      tarOf([
        { name: ".wh.x", data: "1" },
        { name: "d/.wh..wh..opq", data: "22" },
      ]),
    );
    const { toc } = await scan({ blob, mediaType, literal: true });
    t.deepEqual(
      [...toc.entries].map(({ path, size }) => [path, size]),
      [
        [".wh.x", 1],
        ["d/.wh..wh..opq", 2],
      ],
    );
    await extract({ blob, mediaType, literal: true, files: [{ path: ".wh.x", dest: join(directory, "x") }] });
    t.is(readFileSync(join(directory, "x"), "utf8"), "1");
  }));

test("extract finds content under any of its names, the last one when there are several", (t) =>
  withDirectory(async (directory) => {
    const blob = join(directory, "l");
    const entries: Entry[] = [
      { name: "z", data: "shared" },
      { name: "a", type: "hardlink", link: "z" },
      { name: "twice", data: "old" },
      { name: "twice", data: "new" },
      { name: "moved", data: "1" },
      { name: "kept", type: "hardlink", link: "moved" },
      { name: "moved", data: "2" },
      { name: "empty" },
      { name: "p", data: "first" },
      { name: "r", type: "hardlink", link: "p" },
      { name: "q", data: "second" },
      { name: "p", type: "hardlink", link: "q" },
    ];
    writeFileSync(blob, gzipSync(tarOf(entries)));
    const files = ["a", "z", "twice", "kept", "moved", "empty", "a", "p", "r"].map((path, i) => ({
      path,
      dest: join(directory, `out-${i}`),
    }));
    await extract({ blob, mediaType, files });
    t.deepEqual(
      files.map(({ dest }) => readFileSync(dest, "utf8")),
      ["shared", "shared", "new", "1", "2", "", "shared", "second", "first"],
    );
    const { toc } = await scan({ blob, mediaType });
    t.is([...toc.entries].find(({ path }) => path === "z")?.hardlink, "a");
    t.is([...toc.entries].find(({ path }) => path === "kept")?.hardlink, undefined);
    const bad = { path: "nothing", dest: join(directory, "bad") };
    await rejects(t, extract({ blob, mediaType, files: [{ path: "a", dest: join(directory, "also") }, bad] }), "layer/file-missing");
    t.false(existsSync(join(directory, "also")));
  }));

if (own.uid === 0) {
  test("root unpacks any owner and capability as GNU tar does, and keeps devices", (t) =>
    withDirectory(async (directory) => {
      const capability = Buffer.from("0100000200200000000000000000000000000000", "hex").toString("base64");
      const entries: Entry[] = [
        { name: "d", type: "dir", uid: 33, gid: 0xfffffffe, mode: 0o2755 },
        { name: "d/ping", data: "elf", uid: 5, mode: 0o4755, xattrs: { "security.capability": capability } },
        { name: "d/null", type: "char", device: { major: 1, minor: 3 }, mode: 0o666 },
        { name: "d/sda", type: "block", device: { major: 259, minor: 70_000 }, mode: 0o600 },
        { name: "d/null2", type: "hardlink", link: "d/null", mode: 0o666 },
        { name: "s", type: "symlink", link: "d", uid: 7, gid: 8, mode: 0o777, mtime: { sec: 1, nsec: 5 } },
        { name: "p", type: "fifo", uid: 9, mode: 0o622 },
      ];
      const blob = join(directory, "l");
      const archive = tarOf(entries);
      writeFileSync(blob, archive);
      const dest = join(directory, "dest");
      const theirs = join(directory, "theirs");
      for (const path of [dest, theirs]) mkdirSync(path);
      const { toc } = await apply({ blob, mediaType, dest });
      execFileSync("tar", ["--xattrs", "--xattrs-include=*", "--numeric-owner", "-xpf", blob, "-C", theirs]);
      // A device is never on the disk: a file stands for it.
      const command =
        "find . -mindepth 1 ! -name 'null*' ! -name sda -printf '%p %y %m %U %G %s %n %l %T@\\n' | sort; getcap -r . 2>/dev/null";
      const show = (root: string) => execFileSync("sh", ["-c", command], { cwd: root, encoding: "utf8" });
      t.is(show(dest), show(theirs));
      t.deepEqual(lgetxattr(join(dest, "d/ping"), "security.capability"), Buffer.from(capability, "base64"));
      t.deepEqual(
        ["null", "null2", "sda"].map((name) => lstatSync(join(dest, "d", name)).isFile()),
        [true, true, true],
      );
      for (const upper of [dest, theirs])
        t.deepEqual(
          [...(await diff({ upper, lowers: [] })).toc.entries].map((e) => ({ ...e, mtime: 0 })),
          [...toc.entries].map((e) => ({ ...e, mtime: 0 })),
        );
    }));
}
