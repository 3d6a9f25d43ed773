import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import tarStream from "tar-stream";
import type { TsbuildError } from "../../../core/errors.js";
import { decodePath, encodePath, fsPath } from "../../../core/system/path-bytes.js";
import { readNumber, type TarHeader } from "../../../oci/tar/header.js";
import { encodePax, formatPaxTime, parsePax, parsePaxTime } from "../../../oci/tar/pax.js";
import { TarParser } from "../../../oci/tar/reader.js";
import { encodeHeader } from "../../../oci/tar/writer.js";
import { type Entry, header, tarOf } from "./build-tar.js";

interface Read {
  readonly header: TarHeader;
  readonly content: Buffer;
}

function read(archive: Buffer, step = archive.length): readonly Read[] {
  const entries: Read[] = [];
  let parts: Buffer[] = [];
  let current: TarHeader | undefined;
  let start: number | undefined;
  const parser = new TarParser({
    entry(...found) {
      [current, start] = found;
      parts = [];
    },
    data: (chunk) => parts.push(Buffer.from(chunk)),
    end() {
      const content = Buffer.concat(parts);
      entries.push({ header: current as TarHeader, content });
      if (start === undefined || archive.subarray(start, start + content.length).equals(content)) return;
      throw new Error(`the content of ${current?.name} is not at ${start}`);
    },
  });
  for (let at = 0; at < archive.length; at += step) parser.push(archive.subarray(at, at + step));
  parser.finish();
  return entries;
}

function inTemporary<R>(use: (directory: string) => R): R {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-tar-"));
  try {
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const long = (length: number, letter = "n") => letter.repeat(length);
const binary = Buffer.from([0, 1, 2, 0x0a, 0x3d, 0x80, 0xff, 0]).toString("base64");

/** Everything a layer can hold, at the edges of what the fields hold. */
const headers: readonly Entry[] = [
  { name: "file", data: "content" },
  { name: "empty" },
  { name: "block-sized", data: long(512) },
  { name: "no-permissions", mode: 0 },
  { name: "setuid", mode: 0o7777 },
  { name: "directory/", type: "dir", mode: 0o1777 },
  { name: long(100) },
  { name: long(101) },
  { name: `${long(99)}/`, type: "dir" },
  { name: `${long(100)}/`, type: "dir" },
  { name: `${long(155, "p")}/${long(100)}` },
  { name: `${long(156, "p")}/${long(99)}` },
  { name: `${long(80, "p")}/${long(80, "q")}/${long(80)}/`, type: "dir" },
  { name: Array.from({ length: 20 }, () => long(100)).join("/") },
  { name: "unicode-é-日本-😀" },
  { name: "bytes-\udc80\udcff-\udce2\udc82" },
  { name: "new\nline and = sign" },
  { name: "symlink", type: "symlink", mode: 0o777, link: "../target" },
  { name: "symlink-to-nothing", type: "symlink", mode: 0o777, link: long(101) },
  { name: "symlink-unicode", type: "symlink", mode: 0o777, link: "é\udc80" },
  { name: "hardlink", type: "hardlink", link: `${long(90)}/${long(90)}` },
  { name: "null", type: "char", device: { major: 1, minor: 3 } },
  { name: "disk", type: "block", device: { major: 0xfff, minor: 0xfffff } },
  { name: "fifo", type: "fifo" },
  { name: "ids", uid: 0o7777777, gid: 0o10000000 },
  { name: "large-ids", uid: 0xfffffffe, gid: 262_144 },
  { name: "time-0", mtime: { sec: 0, nsec: 0 } },
  { name: "time-before-1970", mtime: { sec: -1, nsec: 0 } },
  { name: "time-fraction-before-1970", mtime: { sec: -2, nsec: 250_000_000 } },
  { name: "time-fraction", mtime: { sec: 1_700_000_000, nsec: 1 } },
  { name: "time-after-2038", mtime: { sec: 0o77777777777, nsec: 999_999_999 } },
  { name: "time-after-2242", mtime: { sec: 0o100000000000, nsec: 0 } },
  { name: "xattrs", xattrs: { "security.capability": binary, "user.empty": "", "user.é": binary } },
];

test("what is written is read back, whatever the size of the chunks", (t) => {
  const archive = tarOf(headers);
  const expected = headers.map((entry) => ({ header: header(entry), content: Buffer.from(entry.data ?? "") }));
  for (const step of [archive.length, 512, 1000, 513, 7]) t.deepEqual(read(archive, step), expected, `chunks of ${step}`);
});

test("a header has one form, and extensions appear only where they are needed", (t) => {
  t.is(encodeHeader(header({ name: long(100) })).length, 512);
  t.is(encodeHeader(header({ name: `${long(155, "p")}/${long(100)}` })).length, 512);
  t.is(encodeHeader(header({ name: long(101) })).length, 3 * 512);
  const fixed = encodeHeader(header({ name: "a", uid: 1, gid: 2, data: "abc" }));
  t.is(createHash("sha256").update(fixed).digest("hex"), "df92a656b7bb49205c73bb9e3a1422d35e7fe24e8aa9d21f19ebb330466c02bf");
});

test("a file of 8 GiB and more has its size in an extension", (t) => {
  const size = 0o77777777777 + 1;
  const bytes = encodeHeader(header({ name: "large", size }));
  const seen: number[] = [];
  new TarParser({ entry: (found) => seen.push(found.size), data() {}, end() {} }).push(bytes);
  t.deepEqual(seen, [size]);
});

test("GNU tar lists what we write, and Python's tarfile reads every field", (t) =>
  inTemporary((directory) => {
    const path = join(directory, "a.tar");
    writeFileSync(path, tarOf(headers));
    const gnu = spawnSync("tar", ["--numeric-owner", "--xattrs", "-tvf", path], {
      encoding: "latin1",
      env: { ...process.env, LC_ALL: "C" },
    });
    t.is(gnu.status, 0, gnu.stderr);
    t.is(gnu.stdout.trimEnd().split("\n").length, headers.length);
    const script = `import tarfile, json, sys
out = []
for m in tarfile.open(sys.argv[1]):
    out.append([m.name, m.type.decode(), m.mode, m.uid, m.gid, m.size, float(m.mtime), m.linkname, m.devmajor, m.devminor])
json.dump(out, sys.stdout)`;
    const found = JSON.parse(execFileSync("python3", ["-c", script, path], { encoding: "utf8" })) as unknown[][];
    const types = { file: "0", hardlink: "1", symlink: "2", char: "3", block: "4", dir: "5", fifo: "6" };
    const expected = headers.map((entry) => {
      const h = header(entry);
      const time = h.mtime.sec + h.mtime.nsec / 1e9;
      return [
        h.name.replace(/\/$/, ""),
        types[h.type],
        h.mode,
        h.uid,
        h.gid,
        h.size,
        time,
        h.link ?? "",
        h.device?.major ?? 0,
        h.device?.minor ?? 0,
      ];
    });
    t.deepEqual(found, expected);
  }));

test("tar-stream reads our archives", async (t) => {
  const found: string[] = [];
  const extract = tarStream.extract();
  extract.end(tarOf(headers));
  for await (const entry of extract) {
    found.push(entry.header.name);
    entry.resume();
  }
  t.is(found.length, headers.length);
  const readable = headers.map(({ name }) => name).filter((name) => !name.includes("\udc80"));
  for (const name of readable) t.true(found.includes(name.replace(/\/$/, "")) || found.includes(name), name);
});

const foreign: readonly { readonly title: string; readonly args: readonly string[] }[] = [
  { title: "gnu", args: ["--format=gnu"] },
  { title: "gnu, old sparse", args: ["--format=gnu", "--sparse"] },
  { title: "posix", args: ["--format=posix"] },
  { title: "posix, sparse 0.0", args: ["--format=posix", "--sparse", "--sparse-version=0.0"] },
  { title: "posix, sparse 0.1", args: ["--format=posix", "--sparse", "--sparse-version=0.1"] },
  { title: "posix, sparse 1.0", args: ["--format=posix", "--sparse", "--sparse-version=1.0"] },
  { title: "ustar", args: ["--format=ustar"] },
  { title: "v7", args: ["--format=v7"] },
];

for (const { title, args } of foreign) {
  test(`reads GNU tar's ${title}`, (t) =>
    inTemporary((directory) => {
      const run = (script: string) => execFileSync("sh", ["-euc", script], { cwd: directory });
      run(`mkdir src; cd src; echo hello > file; ln file hard; ln -s file soft
        mkdir -p ${long(40, "d")}; echo deep > ${long(40, "d")}/${long(50)}
        truncate -s 3M sparse; for at in 0 100000 200000 300000 400000 500000 1000000 2000000; do
          printf x | dd of=sparse bs=1 seek=$at conv=notrunc 2>/dev/null; done
        truncate -s 1M hole`);
      if (!/v7|ustar/.test(title))
        run(`cd src; echo long > ${long(200)}; ln -s ${long(200, "t")} long-link; touch -d '2040-01-01 UTC' file`);
      run(`tar ${args.join(" ")} --sort=name --owner=${title === "v7" || title === "ustar" ? 1000 : 3000000} --group=5 -cf a.tar -C src .`);
      const entries = read(readFileSync(join(directory, "a.tar")), 10_000);
      const files = entries.filter(({ header: { type } }) => type === "file");
      for (const { header: found, content } of files) {
        t.is(content.length, found.size);
        t.true(content.equals(readFileSync(join(directory, "src", found.name))), found.name);
      }
      const names = run("cd src; find . -mindepth 1 | sort").toString().trim().split("\n");
      t.deepEqual(
        entries
          .map(({ header: { name } }) => name.replace(/\/$/, ""))
          .filter((name) => name !== ".")
          .sort(),
        names,
      );
      const owner = title === "v7" || title === "ustar" ? 1000 : 3_000_000;
      t.true(entries.every(({ header: found }) => found.uid === owner && found.gid === 5));
    }));
}

test("reads base-256 numbers, old signed checksums and bsdtar's attributes", (t) => {
  const bytes = Buffer.from("80000000000000000000abcd".padEnd(24, "0"), "hex");
  t.is(readNumber(bytes, 0, 12), 0xabcd);
  t.is(readNumber(Buffer.alloc(12, 0xff), 0, 12), -1);
  t.is(readNumber(Buffer.concat([Buffer.of(0x80), Buffer.alloc(11, 0xff)]), 0, 12), undefined);

  const signed = Buffer.from(encodeHeader(header({ name: "a\udcff", mtime: { sec: 5, nsec: 0 } })).subarray(-512));
  signed[1] = 0xff;
  signed.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of signed) sum += byte > 127 ? byte - 256 : byte;
  signed.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  t.is(read(signed)[0]?.header.name, "a\udcff");

  const pax = encodePax([["LIBARCHIVE.xattr.user.a%20b", Buffer.from("AP8")]]);
  const x = Buffer.from(encodeHeader(header({ name: "x", data: pax })));
  x[156] = "x".charCodeAt(0);
  x.fill(0x20, 148, 156);
  x.write(
    `${x
      .reduce((a, b) => a + b, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
    "latin1",
  );
  const archive = Buffer.concat([x, pax, Buffer.alloc(512 - pax.length), tarOf([{ name: "f" }])]);
  t.deepEqual(read(archive)[0]?.header.xattrs, { "user.a b": "AP8=" });
});

/** Returns an archive whose header block has other bytes at some place, with the right checksum. */
function patched(entry: Entry, offset: number, bytes: string): Buffer {
  const archive = tarOf([entry]);
  archive.write(bytes, offset, "latin1");
  archive.fill(0x20, 148, 156);
  archive.write(
    `${archive
      .subarray(0, 512)
      .reduce((a, b) => a + b, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
    "latin1",
  );
  return archive;
}

const bad: readonly { readonly title: string; readonly archive: Buffer; readonly code: string; readonly message: RegExp }[] = [
  { title: "text", archive: Buffer.alloc(2048, "hello "), code: "tar/invalid", message: /checksum/ },
  { title: "a flipped bit", archive: Buffer.concat([tarOf([{ name: "a" }]).fill("b", 0, 1)]), code: "tar/invalid", message: /checksum/ },
  { title: "an unknown type", archive: patched({ name: "a" }, 156, "M"), code: "tar/invalid", message: /"a" of unknown type "M"/ },
  { title: "a size that is no number", archive: patched({ name: "a" }, 124, "zzzz"), code: "tar/invalid", message: /size is not valid/ },
  { title: "a negative size", archive: patched({ name: "a" }, 124, "\xff".repeat(12)), code: "tar/invalid", message: /size is not valid/ },
  {
    title: "uid -1, which chown would ignore",
    archive: patched({ name: "a" }, 108, "\xff".repeat(8)),
    code: "tar/invalid",
    message: /uid is not valid/,
  },
  {
    title: "an extension of 1 GiB",
    archive: patched({ name: "a" }, 124, "10000000000\0").fill("x", 156, 157),
    code: "tar/invalid",
    message: /./,
  },
  { title: "half a header", archive: tarOf([{ name: "a" }]).subarray(0, 300), code: "tar/truncated", message: /in the middle of a header/ },
  {
    title: "half a file",
    archive: tarOf([{ name: "a", data: long(2000) }]).subarray(0, 1024),
    code: "tar/truncated",
    message: /in the middle of a file/,
  },
  { title: "an extension without its entry", archive: tarOf([{ name: long(300) }]).subarray(0, 1024), code: "tar/truncated", message: /./ },
  {
    title: "an entry after one zero block",
    archive: Buffer.concat([Buffer.alloc(512), tarOf([{ name: "a" }])]),
    code: "tar/invalid",
    message: /end marker/,
  },
];

for (const { title, archive, code, message } of bad) {
  test(`refuses ${title}`, (t) => {
    const error = t.throws<TsbuildError>(() => read(archive), { message });
    t.is(error.code, code);
    t.truthy(error.hint);
  });
}

test("ends at the end marker, or at the end of the bytes between entries", (t) => {
  const archive = tarOf([{ name: "a", data: "1" }]);
  t.is(read(Buffer.concat([archive, Buffer.from("garbage")])).length, 1);
  t.is(read(archive.subarray(0, 1024)).length, 1);
  t.is(read(archive.subarray(0, 1536)).length, 1);
  t.is(read(Buffer.alloc(0)).length, 0);
  t.is(read(Buffer.alloc(10_240)).length, 0);
});

test("random bytes and flipped bits never break out of the two errors", (t) => {
  const base = tarOf(headers.slice(0, 12));
  t.notThrows(() => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }), (changes) => {
        const archive = Buffer.from(base);
        for (const [at, value] of changes) archive[at] = value;
        for (let block = 0; block < archive.length; block += 512) {
          // Repair checksums now and then, to get past them.
          if (archive.toString("latin1", block + 257, block + 262) !== "ustar" || changes.length % 2) continue;
          archive.fill(0x20, block + 148, block + 156);
          const sum = archive.subarray(block, block + 512).reduce((a, b) => a + b, 0);
          archive.write(`${sum.toString(8).padStart(6, "0")}\0 `, block + 148, "latin1");
        }
        try {
          read(archive, 700);
        } catch (error) {
          return /^tar\/(invalid|truncated)$/.test((error as TsbuildError).code);
        }
        return true;
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});

test("PAX records and times survive, and wrong ones are refused", (t) => {
  const records = [9, 10, 98, 99, 100, 995, 1000].map((length) => [`k${length}`, Buffer.alloc(length, 0xfe)] as const);
  t.deepEqual(parsePax(encodePax(records)), records);
  for (const text of ["5 a=b\n", "x a=b\n", "6 a=b", "99 a=b\n", "6 ab\n\n", " 6 a=b\n"])
    t.true("problem" in parsePax(Buffer.from(text)), text);
  for (const [text, sec, nsec] of [
    ["0", 0, 0],
    ["-1", -1, 0],
    ["1.5", 1, 500_000_000],
    ["-1.5", -2, 500_000_000],
    ["-0.000000001", -1, 999_999_999],
    ["1700000000.123456789", 1_700_000_000, 123_456_789],
  ] as const) {
    t.deepEqual(parsePaxTime(text), { sec, nsec });
    t.is(formatPaxTime({ sec, nsec }), text);
  }
  t.deepEqual(parsePaxTime("1.1234567899"), { sec: 1, nsec: 123_456_789 });
  for (const text of ["", "-", "1e5", "nan", "1.2.3"]) t.is(parsePaxTime(text), undefined);
});

test("names are bytes: every byte string survives, and only what is not UTF-8 is escaped", (t) => {
  t.is(decodePath(Buffer.from("é日😀")), "é日😀");
  t.is(decodePath(Buffer.from([0x61, 0xff, 0x62, 0xc3])), "a\udcffb\udcc3");
  t.is(decodePath(Buffer.from([0xed, 0xb2, 0x80])), "\udced\udcb2\udc80");
  t.is(fsPath("plain-é"), "plain-é");
  t.deepEqual(fsPath("a\udcff"), Buffer.from([0x61, 0xff]));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => encodePath(decodePath(bytes)).equals(Buffer.from(bytes))),
    { seed: 2 },
  );
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => decodePath(encodePath(text)) === text),
    { seed: 3 },
  );
});
