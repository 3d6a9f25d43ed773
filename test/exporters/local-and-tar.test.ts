import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Writable } from "node:stream";
import test from "ava";
import { lgetxattr, llistxattr } from "../../core/system/posix.js";
import type { ExportImage } from "../../exporters/exporter.js";
import { localDirectory } from "../../exporters/local-dir.js";
import { rootfsTar } from "../../exporters/rootfs-tar.js";
import { TarParser } from "../../oci/tar/reader.js";
import { exportContext, exportRequest, testImage, testLayer } from "../support/images/images.js";
import { list, rig, run, stacked } from "./export-rig.js";

const expectedTar = `dir 555 0:0 0 bin
dir 1777 0:0 0 dir
dir 750 1000:0 0 etc
dir 644 0:0 0 was-file
symlink 777 0:0 0 bin/sh -> /bin/su
char 666 0:0 0 dev
file 4755 0:0 5 bin/su2
hardlink 4755 0:0 0 bin/su3 -> bin/su2
file 644 0:0 11 etc/passwd
file 644 300000:0 3000000 etc/new
file 644 0:0 5 dir/fresh
file 644 0:0 2 was-file/in`;

test("type=tar: what the stack shows, with owners, modes, hard links and xattrs", async (t) => {
  const { store, dir } = rig(t);
  const dest = join(dir, "rootfs.tar");
  const request = exportRequest([stacked(store)]);
  await run(rootfsTar({ dest }), request, store);
  const { lines, files } = list(readFileSync(dest));
  t.deepEqual([...lines].sort(), expectedTar.split("\n").sort());
  t.is(files.get("etc/new")?.length, 3_000_000);
  t.is(files.get("bin/su2")?.toString(), "#!su\n");
  t.true(readFileSync(dest).includes(Buffer.from("SCHILY.xattr.user.k=\0\xff", "latin1")));
  const listing = execFileSync("tar", ["tvf", dest]).toString();
  t.regex(listing, /300000\/0 +3000000 2023-11-14 22:13 etc\/new/);
  const chunks: Buffer[] = [];
  const slow = new Writable({
    highWaterMark: 1000,
    write: (chunk: Buffer, _, done) => setImmediate(() => (chunks.push(Buffer.from(chunk)), done())),
  });
  await run(rootfsTar({ dest: slow }), request, store);
  t.true(Buffer.concat(chunks).equals(readFileSync(dest)));
  t.true(slow.writableFinished);
  await run(
    rootfsTar({ dest }),
    { ...exportRequest([stacked(store), testImage(stacked(store).layers, "linux/arm64")]), epoch: 86_400_000 },
    store,
  );
  t.true(list(readFileSync(dest)).files.has("linux_arm64/etc/passwd"));
  t.regex(execFileSync("tar", ["tvf", dest], { env: { TZ: "UTC" } }).toString(), /1970-01-02 00:00 linux_amd64\/etc\/new/);
});

const IN_1960 = { sec: -315_619_200, nsec: 0 };
const TIMES = {
  "in 1960": IN_1960,
  "a second before the epoch": { sec: -1, nsec: 0 },
  "a part of a second before the epoch": { sec: -2, nsec: 250_000_000 },
  "the epoch": { sec: 0, nsec: 0 },
  "a nanosecond": { sec: 1_700_000_001, nsec: 123_456_789 },
};

test("type=local and type=tar keep every time, of files, directories and links", async (t) => {
  const { store, dir } = rig(t);
  const kinds = { file: { text: "x" }, dir: {}, symlink: { link: "nowhere" } } as const;
  const names = Object.entries(TIMES).flatMap(([name, mtime]) =>
    (["file", "dir", "symlink"] as const).map((type) => ({ name: `${type} ${name}`, type, mtime, ...kinds[type] })),
  );
  const linked = { name: "z", type: "hardlink", link: "file in 1960", mtime: IN_1960 } as const;
  const request = exportRequest([testImage([testLayer(store, [...names, linked])])]);
  const ns = ({ sec, nsec }: { readonly sec: number; readonly nsec: number }) => BigInt(sec) * 1_000_000_000n + BigInt(nsec);
  const dest = join(dir, "out");
  await run(localDirectory({ dest }), request, store);
  const written = (at: string) => names.map(({ name }) => [name, lstatSync(join(at, name), { bigint: true }).mtimeNs]);
  t.deepEqual(
    written(dest),
    names.map(({ name, mtime }) => [name, ns(mtime)]),
  );
  t.is(lstatSync(join(dest, "z"), { bigint: true }).mtimeNs, ns(IN_1960));
  await run(localDirectory({ dest }), { ...request, epoch: -1000 }, store);
  t.deepEqual(new Set(written(dest).map(([, time]) => time)), new Set([-1_000_000_000n]));
  const archive = join(dir, "out.tar");
  await run(rootfsTar({ dest: archive }), request, store);
  const times: [string, bigint][] = [];
  const parser = new TarParser({
    entry: ({ name, mtime }) => times.push([name.replace(/\/$/, ""), ns(mtime)]),
    data: () => undefined,
    end: () => undefined,
  });
  parser.push(readFileSync(archive));
  parser.finish();
  t.deepEqual(times.sort(), [...names, linked].map(({ name, mtime }): [string, bigint] => [name, ns(mtime)]).sort());
});

test("type=local keeps pipes and data attributes, and leaves devices and rights behind", async (t) => {
  const { store, dir } = rig(t);
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const xattrs = { "security.capability": "AQAAAgAgAAAAAAAAAAAAAAAAAAA=", "user.note": base64("data") };
  const layer = testLayer(store, [
    { name: "closed", type: "file", text: "x", mode: 0o444, xattrs },
    { name: "d", type: "dir", mode: 0o555, xattrs },
    { name: "d/pipe", type: "fifo", mode: 0o640, mtime: IN_1960 },
    { name: "null", type: "char", device: { major: 1, minor: 3 } },
  ]);
  const dest = join(dir, "out");
  await run(localDirectory({ dest }), exportRequest([testImage([layer])]), store);
  t.deepEqual(readdirSync(dest), ["closed", "d"]);
  for (const name of ["closed", "d"]) {
    t.deepEqual(llistxattr(join(dest, name)), ["user.note"], name);
    t.is(lgetxattr(join(dest, name), "user.note")?.toString(), "data", name);
  }
  const pipe = lstatSync(join(dest, "d/pipe"), { bigint: true });
  t.true(pipe.isFIFO());
  t.is(pipe.mode & 0o7777n, 0o640n);
  t.is(pipe.mtimeNs, BigInt(IN_1960.sec) * 1_000_000_000n);
  t.deepEqual([lstatSync(join(dest, "closed")).mode & 0o7777, lstatSync(join(dest, "d")).mode & 0o7777], [0o444, 0o555]);
});

test("type=local: files for the caller, merged into what is there, links never followed", async (t) => {
  const { store, dir } = rig(t);
  const request = exportRequest([stacked(store)]);
  const dest = join(dir, "out");
  await run(localDirectory({ dest }), request, store);
  t.deepEqual(readdirSync(dest), ["bin", "dir", "etc", "was-file"]);
  t.is(lstatSync(join(dest, "bin")).mode & 0o7777, 0o555);
  t.is(lstatSync(join(dest, "bin/su2")).mode & 0o7777, 0o755);
  t.is(lstatSync(join(dest, "bin/su2")).ino, lstatSync(join(dest, "bin/su3")).ino);
  t.is(lstatSync(join(dest, "dir")).mode & 0o7777, 0o1777);
  t.is(readlinkSync(join(dest, "bin/sh")), "/bin/su");
  t.is(statSync(join(dest, "etc/new")).mtimeMs, 1_700_000_001_500);
  t.is(lstatSync(join(dest, "etc/new")).uid, process.getuid?.() ?? 0);
  t.deepEqual(readdirSync(join(dest, "dir")), ["fresh"]);
  t.deepEqual(readdirSync(dir), ["out"]);

  const outside = join(dir, "outside");
  mkdirSync(outside);
  const busy = join(dir, "busy");
  mkdirSync(busy);
  symlinkSync(outside, join(busy, "etc"));
  writeFileSync(join(busy, "mine"), "mine");
  writeFileSync(join(busy, "dir"), "a file where a directory comes");
  mkdirSync(join(busy, "bin"));
  mkdirSync(join(busy, "bin/su2"));
  writeFileSync(join(busy, "bin/su2/x"), "");
  await run(localDirectory({ dest: busy }), { ...request, epoch: 5000 }, store);
  t.deepEqual(readdirSync(busy), ["bin", "dir", "etc", "mine", "was-file"]);
  t.deepEqual(readdirSync(outside), []);
  t.is(readFileSync(join(busy, "bin/su2"), "utf8"), "#!su\n");
  t.is(statSync(join(busy, "etc/passwd")).mtimeMs, 5000);
  await run(localDirectory({ dest: busy }), exportRequest([request.images[0] as ExportImage, testImage([], "linux/arm/v7")]), store);
  t.true(existsSync(join(busy, "linux_amd64/etc/passwd")) && existsSync(join(busy, "linux_arm_v7")));
  await t.throwsAsync(run(localDirectory({ dest: join(busy, "mine") }), request, store), { code: "export/not-a-directory" });
});

for (const [name, exporter, read] of [
  [
    "local",
    localDirectory,
    (dest: string) => execFileSync("find", [".", "-type", "f"], { cwd: dest }).toString().split("\n").filter(Boolean),
  ],
  ["tar", rootfsTar, (dest: string) => [...list(readFileSync(dest)).files.keys()].map((path) => `./${path}`)],
] as const) {
  test(`type=${name}: platform-split decides about folders, for one platform and for several`, async (t) => {
    const { store, dir } = rig(t);
    const amd64 = testImage([
      testLayer(store, [
        { name: "d", type: "dir", mode: 0o500 },
        { name: "d/a", text: "a" },
      ]),
    ]);
    const arm64 = testImage(
      [
        testLayer(store, [
          { name: "d", type: "dir", mode: 0o500 },
          { name: "d/b", text: "b" },
        ]),
      ],
      "linux/arm64",
    );
    let runs = 0;
    const files = async (images: readonly ExportImage[], platformSplit?: boolean): Promise<readonly string[]> => {
      const dest = join(dir, `out${runs++}`);
      await run(exporter({ dest, ...(platformSplit === undefined ? {} : { platformSplit }) }), exportRequest(images), store);
      return [...read(dest)].sort();
    };
    t.deepEqual(await files([amd64]), ["./d/a"]);
    t.deepEqual(await files([amd64], false), ["./d/a"]);
    t.deepEqual(await files([amd64], true), ["./linux_amd64/d/a"]);
    t.deepEqual(await files([amd64, arm64]), ["./linux_amd64/d/a", "./linux_arm64/d/b"]);
    t.deepEqual(await files([amd64, arm64], false), ["./d/a", "./d/b"]);
    await t.throwsAsync(files([amd64, { ...amd64, platform: arm64.platform }], false), {
      code: "export/platform-conflict",
      message: /"\/d\/a" of linux\/arm64: linux\/amd64 has it too/,
    });
    t.false(existsSync(join(dir, `out${runs - 1}`)));
  });
}

test("type=local: a path that is too long below the destination is named, and nothing is left", async (t) => {
  const { store, dir } = rig(t);
  const name = Array.from({ length: 16 }, () => "n".repeat(240)).join("/");
  const image = testImage([
    testLayer(store, [
      { name: "short", text: "x" },
      { name: `${name}/last`, text: "x" },
    ]),
  ]);
  const dest = join(dir, ...Array.from({ length: 2 }, () => "d".repeat(200)));
  const error = await t.throwsAsync(run(localDirectory({ dest }), exportRequest([image]), store), { code: "export/path-too-long" });
  t.regex(error.message, /^Cannot export files to "[^"]{91}": the path of the file "n{60}…n{30}" in it would be too long .*\(\d+ bytes\)$/);
  t.deepEqual(readdirSync(dirname(dest)), []);
});

test("type=local: two names that are one to the file system are no silent loss; a path twice in a layer is its last", async (t) => {
  const { store, dir } = rig(t);
  const twice = testImage([
    testLayer(store, [
      { name: "a", text: "first" },
      { name: "b", text: "" },
      { name: "a", text: "second" },
    ]),
  ]);
  await run(localDirectory({ dest: join(dir, "twice") }), exportRequest([twice]), store);
  t.is(readFileSync(join(dir, "twice", "a"), "utf8"), "second");
  const image = testImage([testLayer(store, [{ name: "a", text: "1" }]), testLayer(store, [{ name: "b", text: "2" }])]);
  const dest = join(dir, "dest");
  mkdirSync(dest);
  const context = {
    ...exportContext(store),
    progress: () => {
      // After the first layer, a file system that folds case would show a file under the name of
      // the second.
      const [stage = ""] = readdirSync(dest);
      if (!existsSync(join(dest, stage, "b"))) writeFileSync(join(dest, stage, "b"), "folded");
    },
  };
  await t.throwsAsync(localDirectory({ dest }).export(exportRequest([image]), context), {
    code: "export/name-collision",
    message: /"b" is the same/,
  });
  t.deepEqual(readdirSync(dest), []);
});
