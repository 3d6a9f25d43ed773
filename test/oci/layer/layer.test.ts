import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import test from "ava";
import { sha256 } from "../../../core/digest.js";
import type { TsbuildError } from "../../../core/errors.js";
import { Compressor } from "../../../oci/layer/write/compress.js";
import { openDecompressed } from "../../../oci/layer/read/decompress.js";
import { comparePaths } from "../../../oci/layer/model/path-order.js";
import { layerTasks } from "../../../oci/layer/task-table.js";
import type { CompressionOptions } from "../../../oci/layer/model/tasks.js";
import type { PackEntry } from "../../../oci/layer/model/toc.js";
import { ZstdFrames } from "../../../oci/layer/read/zstd-frames.js";
import { lgetxattr, lsetxattr, lutimes } from "../../../core/system/posix.js";
import { type Entry, tarOf } from "../tar/build-tar.js";
import { requires, withoutProgram } from "../../support/requires.js";
import { attacks } from "./attacks.js";
import { listing, withDirectory } from "./disk.js";

const withZstd = requires(withoutProgram("zstd"));

const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
const { scan, pack, extract, apply, diff, recompress } = layerTasks;

const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const mtime = { sec: 1_600_000_000, nsec: 0 };
const dir = (path: string): PackEntry => ({ path, type: "dir", mode: 0o755, ...own, size: 0, mtime });
const file = (path: string, text: string): PackEntry => {
  const data = Buffer.from(text);
  return { path, type: "file", mode: 0o644, ...own, size: data.length, mtime, source: { kind: "bytes", data } };
};
const symlink = (path: string, link: string): PackEntry => ({ path, type: "symlink", mode: 0o777, ...own, size: 0, mtime, link });

async function rejects(t: { is(a: unknown, b: unknown): unknown; truthy(a: unknown): unknown }, task: Promise<unknown>, code: string) {
  const error = (await task.then(
    () => undefined,
    (reason: unknown) => reason,
  )) as TsbuildError | undefined;
  t.is(error?.code, code);
  t.truthy(error?.hint);
  return error as TsbuildError;
}

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
      t.deepEqual(readdirSync(join(directory, "a", "b")), ["dest"]);
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

test("an empty layer is 1,024 zero bytes", (t) =>
  withDirectory(async (directory) => {
    const out = join(directory, "l");
    const blob = await pack({ plan: { entries: [] }, out, compression: { type: "uncompressed" } });
    t.is(blob.diffId, "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef" as never);
    t.is(blob.digest, blob.diffId);
    t.true(readFileSync(out).equals(Buffer.alloc(1024)));
  }));

const plan = {
  entries: [
    file("b/z", "zzz"),
    dir("b"),
    file("b-c", "1"),
    { ...file("b/a", "shared"), mtime: { sec: 1_600_000_000, nsec: 999_999_999 } },
    { ...file("a-link", "shared"), hardlink: "b/a" },
    symlink("s", "b/a"),
    { ...dir("o"), opaque: true, mode: 0o1777 },
    dir("replaced"),
    { ...file("cap", "x"), mode: 0o4755, xattrs: { "user.a": "AP8=", "security.selinux": "eA==", "trusted.overlay.opaque": "eQ==" } },
    { ...file("future", "f"), mtime: { sec: 4_000_000_000, nsec: 5 } },
    { path: "fifo", type: "fifo", mode: 0o600, ...own, size: 0, mtime },
  ] satisfies PackEntry[],
  whiteouts: ["gone", "b/gone", "replaced", "s"],
};

test("a layer is the same however its plan is ordered, and reads back as its TOC says", (t) =>
  withDirectory(async (directory) => {
    const out = (name: string) => join(directory, name);
    const first = await pack({ plan, out: out("1"), compression: { type: "gzip" }, epoch: 1_700_000_000 });
    const second = await pack({
      plan: { entries: [...plan.entries].reverse(), whiteouts: [...plan.whiteouts].reverse() },
      out: out("2"),
      compression: { type: "gzip" },
      epoch: 1_700_000_000,
    });
    t.deepEqual(second, first);
    const bytes = readFileSync(out("1"));
    t.is(first.digest, sha256(bytes));
    t.is(first.size, bytes.length);
    t.is(first.diffId, sha256(gunzipSync(bytes)));
    t.is(first.mediaType, mediaType);
    t.deepEqual(await scan({ blob: out("1"), mediaType }), { diffId: first.diffId, toc: first.toc });

    const names = execFileSync("tar", ["-tf", out("1")], { encoding: "utf8" })
      .trim()
      .split("\n");
    t.deepEqual(names, [
      ".wh.gone",
      "a-link",
      "b/",
      "b/.wh.gone",
      "b/a",
      "b/z",
      "b-c",
      "cap",
      "fifo",
      "future",
      "o/",
      "o/.wh..wh..opq",
      "replaced/",
      "replaced/.wh..wh..opq",
      "s",
    ]);
    const byPath = new Map([...first.toc.entries].map((entry) => [entry.path, entry]));
    t.like(byPath.get("b/a"), { hardlink: "a-link", size: 6, digest: sha256("shared"), mtime });
    t.is(byPath.get("a-link")?.hardlink, undefined);
    t.deepEqual(byPath.get("cap")?.xattrs, { "user.a": "AP8=" });
    t.deepEqual(byPath.get("future")?.mtime, { sec: 1_700_000_000, nsec: 0 });
    t.true(byPath.get("replaced")?.opaque);
    t.deepEqual(first.toc.whiteouts, ["b/gone", "gone"]);
  }));

test("the layer's bytes are what they always were", (t) =>
  withDirectory(async (directory) => {
    const fixed = { ...plan, entries: plan.entries.map((entry) => ({ ...entry, uid: 1000, gid: 3_000_000 })) };
    const blob = await pack({ plan: fixed, out: join(directory, "l"), compression: { type: "gzip" }, epoch: 1_700_000_000 });
    t.is(blob.diffId, "sha256:7146e3406273eeceb507c5c913d455dc1eec09f1e5d78cc8253637ba3d0abb03" as never);
  }));

const changes: readonly { readonly title: string; readonly change: (path: string) => void; readonly message: RegExp }[] = [
  { title: "grew", change: (path) => writeFileSync(path, "content and more"), message: /grew past its 7 bytes/ },
  { title: "shrank", change: (path) => writeFileSync(path, "con"), message: /shrank from 7 to 3 bytes/ },
  { title: "has other content", change: (path) => writeFileSync(path, "CONTENT"), message: /its content changed/ },
  { title: "is gone", change: (path) => renameSync(path, `${path}.away`), message: /was removed/ },
  {
    title: "became a link",
    change: (path) => {
      renameSync(path, `${path}.away`);
      symlinkSync(`${path}.away`, path);
    },
    message: /was replaced/,
  },
];

for (const { title, change, message } of changes) {
  test(`packing fails when a file ${title}, and leaves no blob`, (t) =>
    withDirectory(async (directory) => {
      const path = join(directory, "file");
      writeFileSync(path, "content");
      const entry: PackEntry = { ...file("f", "content"), source: { kind: "path", path }, digest: sha256("content") };
      change(path);
      const out = join(directory, "out");
      const error = await rejects(t, pack({ plan: { entries: [entry] }, out, compression: { type: "gzip" } }), "layer/file-changed");
      t.regex(error.message, message);
      t.false(existsSync(out));
    }));
}

test("large files go through in parts, and their changes are seen too", (t) =>
  withDirectory(async (directory) => {
    const path = join(directory, "large");
    const data = Buffer.alloc(3_000_001, "0123456789abcdef\n");
    writeFileSync(path, data);
    const entry: PackEntry = { ...file("large", ""), size: data.length, source: { kind: "path", path } };
    const blob = await pack({
      plan: { entries: [file("a", "a"), entry, file("z", "z")] },
      out: join(directory, "l"),
      compression: { type: "gzip", level: 1 },
    });
    t.is([...blob.toc.entries][1]?.digest, sha256(data));
    await extract({ blob: join(directory, "l"), mediaType, files: [{ path: "large", dest: join(directory, "back") }] });
    t.true(readFileSync(join(directory, "back")).equals(data));
    for (const size of [data.length - 1, data.length + 1]) {
      await rejects(
        t,
        pack({ plan: { entries: [{ ...entry, size }] }, out: join(directory, "x"), compression: { type: "gzip" } }),
        "layer/file-changed",
      );
    }
  }));

test("reserved names, bad levels and files in the way are refused", (t) =>
  withDirectory(async (directory) => {
    const out = join(directory, "l");
    await rejects(t, pack({ plan: { entries: [file("d/.wh.x", "")] }, out, compression: { type: "gzip" } }), "layer/reserved-name");
    t.false(existsSync(out));
    await rejects(t, pack({ plan: { entries: [] }, out, compression: { type: "gzip", level: 10 } }), "layer/invalid-level");
    writeFileSync(out, "kept");
    await rejects(t, pack({ plan: { entries: [] }, out, compression: { type: "gzip" } }), "layer/pack-failed");
    t.is(readFileSync(out, "utf8"), "kept");
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

test("diff of a tree, unpacked again, is the same tree", (t) =>
  withDirectory(async (directory) => {
    const source = join(directory, "source");
    const dest = join(directory, "dest");
    for (const path of [`${source}/d/e`, dest]) mkdirSync(path, { recursive: true });
    writeFileSync(join(source, "d/file"), "content");
    linkSync(join(source, "d/file"), join(source, "d/e/hard"));
    symlinkSync("../nowhere", join(source, "d/link"));
    writeFileSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.of(0xff)]), "bytes");
    writeFileSync(join(source, "private"), "");
    chmodSync(join(source, "private"), 0o4711);
    chmodSync(join(source, "d"), 0o1770);
    lsetxattr(join(source, "private"), "user.binary", Buffer.of(0, 255));
    lsetxattr(join(source, "d"), "user.overlay.impure", Buffer.from("y"));
    lutimes(join(source, "d/link"), mtime, { sec: -5, nsec: 999_999_999 });
    const server = createServer().listen(join(source, "socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    const out = join(directory, "l");
    const first = await diff({ upper: source, lowers: [], out: { path: out, compression: { type: "gzip" } } });
    server.close();
    t.deepEqual(
      [...first.toc.entries].map(({ path }) => path),
      ["d", "d/e", "d/e/hard", "d/file", "d/link", "private", "\udcff"],
    );
    t.deepEqual([...first.toc.entries].find(({ path }) => path === "d/link")?.mtime, { sec: -5, nsec: 0 });
    const applied = await apply({ blob: out, mediaType, dest });
    t.deepEqual(applied, { diffId: first.diffId, toc: first.toc });
    const again = await diff({ upper: dest, lowers: [] });
    t.is(again.blob, undefined);
    t.deepEqual(again.toc, first.toc);
    t.is(statSync(join(dest, "d/file")).ino, statSync(join(dest, "d/e/hard")).ino);
    t.deepEqual(lgetxattr(join(dest, "private"), "user.binary"), Buffer.of(0, 255));

    // A comparison with itself finds nothing: copied-up files without changes and directories with
    // other times.
    const lower = join(directory, "lower");
    mkdirSync(lower);
    await apply({ blob: out, mediaType, dest: lower });
    lutimes(join(dest, "d"), mtime, mtime);
    const none = await diff({ upper: dest, lowers: [lower] });
    t.deepEqual(
      [...none.toc.entries].map(({ path }) => path),
      ["d", "d/e", "d/e/hard", "d/file"],
      "hard links always count",
    );
    writeFileSync(join(dest, "private"), "x");
    const one = await diff({ upper: dest, lowers: [lower] });
    t.true([...one.toc.entries].some(({ path }) => path === "private"));
  }));

if (own.uid === 0) {
  test("root unpacks any owner, device and capability, as GNU tar does", (t) =>
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
      const show = (root: string) =>
        execFileSync(
          "sh",
          [
            "-c",
            "find . -mindepth 1 -printf '%p %y %m %U %G %s %n %l %T@\\n' | sort; getcap -r . 2>/dev/null; stat -c '%t %T' d/null d/sda",
          ],
          { cwd: root, encoding: "utf8" },
        );
      t.is(show(dest), show(theirs));
      t.deepEqual(lgetxattr(join(dest, "d/ping"), "security.capability"), Buffer.from(capability, "base64"));
      t.deepEqual(
        [...(await diff({ upper: theirs, lowers: [] })).toc.entries].map((e) => ({ ...e, mtime: 0 })),
        [...toc.entries].map((e) => ({ ...e, mtime: 0 })),
      );
    }));
}

const text = Buffer.concat(Array.from({ length: 9 }, (_, i) => Buffer.alloc(500_000, `block ${i} of text that compresses\n`)));

async function compressed(
  options: CompressionOptions,
  inFlight: number,
  step: number,
): Promise<{ bytes: Buffer; result: Awaited<ReturnType<Compressor["finish"]>> }> {
  const parts: Buffer[] = [];
  const compressor = new Compressor({ options, sink: (chunk) => void parts.push(Buffer.from(chunk)), inFlight });
  const scratch = Buffer.alloc(step);
  for (let at = 0; at < text.length; at += step) {
    const part = text.subarray(at, at + step);
    part.copy(scratch);
    const wait = compressor.write(scratch.subarray(0, part.length));
    if (wait) await wait;
  }
  const result = await compressor.finish();
  return { bytes: Buffer.concat(parts), result };
}

test("layers are recompressed to what packing would have written; gzip may have several members", (t) =>
  withDirectory(async (directory) => {
    const out = (name: string) => join(directory, name);
    const gzip = await pack({ plan, out: out("gzip"), compression: { type: "gzip" } });
    const plain = await pack({ plan, out: out("plain"), compression: { type: "uncompressed" } });
    const { digest, size } = gzip;
    t.deepEqual(await recompress({ blob: out("plain"), mediaType, out: out("again"), compression: { type: "gzip" } }), {
      mediaType,
      digest,
      size,
    });
    await recompress({ blob: out("gzip"), mediaType, out: out("back"), compression: { type: "uncompressed" } });
    t.true(readFileSync(out("back")).equals(readFileSync(out("plain"))));
    const wanted = await scan({ blob: out("plain"), mediaType });
    t.is(wanted.diffId, plain.diffId);
    const members = Buffer.concat([
      gzipSync(readFileSync(out("plain")).subarray(0, 1000)),
      gzipSync(readFileSync(out("plain")).subarray(1000)),
    ]);
    writeFileSync(out("members"), members);
    t.deepEqual(await scan({ blob: out("members"), mediaType }), wanted);
  }));

for (const command of ["gzip", "bzip2", "xz", "zstd"]) {
  requires(withoutProgram(command))(`a layer of ${command} is recognized by its bytes, and one that ends early is refused`, (t) =>
    withDirectory(async (directory) => {
      const out = (name: string) => join(directory, name);
      await pack({ plan, out: out("plain"), compression: { type: "uncompressed" } });
      const { stdout } = spawnSync(command, ["-c"], { input: readFileSync(out("plain")) });
      writeFileSync(out("whole"), stdout);
      t.deepEqual(await scan({ blob: out("whole"), mediaType }), await scan({ blob: out("plain"), mediaType }));
      writeFileSync(out("half"), stdout.subarray(0, stdout.length / 2));
      await rejects(t, scan({ blob: out("half"), mediaType }), "layer/corrupt");
    }),
  );
}

test("zstd where Node has it; else the error says what to do", (t) =>
  withDirectory(async (directory) => {
    const out = join(directory, "l");
    if (!("zstdCompress" in (await import("node:zlib")))) {
      const error = await rejects(t, pack({ plan, out, compression: { type: "zstd" } }), "layer/zstd-unsupported");
      t.regex(error.hint ?? "", /Node 22\.15/);
      t.false(existsSync(out));
      return;
    }
    const { bytes, result } = await compressed({ type: "zstd" }, 1, text.length);
    t.true((await compressed({ type: "zstd" }, 8, 7919)).bytes.equals(bytes));
    t.is(result.diffId, sha256(text));
    writeFileSync(out, bytes);
    const hash = createHash("sha256");
    for await (const chunk of openDecompressed(out)) hash.update(chunk);
    t.is(`sha256:${hash.digest("hex")}`, result.diffId);
  }));

withZstd("zstd streams are cut at their frames, wherever chunks end", (t) => {
  const zstd = (data: Buffer, ...args: string[]) => spawnSync("zstd", ["-c", ...args], { input: data });
  const frames = [
    zstd(text.subarray(0, 700_000)),
    zstd(Buffer.alloc(0)),
    zstd(Buffer.from("x"), "--no-check"),
    zstd(Buffer.alloc(1_000_000), "--no-check"),
    zstd(text, "-19", "--long"),
  ];
  const skippable = Buffer.from("\x5f\x2a\x4d\x18\x05\0\0\0hello", "latin1");
  const empty = Buffer.from("\x50\x2a\x4d\x18\0\0\0\0", "latin1");
  const [a, b, c, d, e] = frames.map(({ stdout }) => stdout) as [Buffer, Buffer, Buffer, Buffer, Buffer];
  const stream = Buffer.concat([skippable, a, b, empty, c, skippable, skippable, d, e, empty]);
  for (const step of [stream.length, 1, 3, 5, 1000]) {
    const found: Buffer[] = [];
    let parts: Buffer[] = [];
    const cutter = new ZstdFrames();
    for (let at = 0; at < stream.length; at += step) {
      const problem = cutter.push(
        stream.subarray(at, at + step),
        (part) => parts.push(part),
        () => {
          found.push(Buffer.concat(parts));
          parts = [];
        },
      );
      t.is(problem, undefined);
    }
    t.true(cutter.complete);
    t.deepEqual(
      found.map((frame) => frame.length),
      [a, b, c, d, e].map((frame) => frame.length),
      `chunks of ${step}`,
    );
    t.true(Buffer.concat(found).equals(Buffer.concat([a, b, c, d, e])));
  }
  t.is(
    typeof new ZstdFrames().push(
      Buffer.from("no zstd"),
      () => {},
      () => {},
    ),
    "string",
  );
  const half = new ZstdFrames();
  half.push(
    stream.subarray(0, 100),
    () => {},
    () => {},
  );
  t.false(half.complete);
});

test("an aborted task stops and leaves nothing", (t) =>
  withDirectory(async (directory) => {
    const out = join(directory, "l");
    await rejectsCanceled(t, pack({ plan, out, compression: { type: "gzip" } }, { aborted: true }));
    t.false(existsSync(out));
    await pack({ plan, out, compression: { type: "gzip" } });
    const dest = join(directory, "dest");
    mkdirSync(dest);
    await rejectsCanceled(t, apply({ blob: out, mediaType, dest }, { aborted: true }));
    t.deepEqual(readdirSync(dest), []);
    await rejectsCanceled(t, diff({ upper: dest, lowers: [] }, { aborted: true }));
  }));

async function rejectsCanceled(t: { is(a: unknown, b: unknown): unknown }, task: Promise<unknown>): Promise<void> {
  t.is(
    await task.then(
      () => "done",
      (error: TsbuildError) => error.code,
    ),
    "build/canceled",
  );
}
