import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import tarStream from "tar-stream";
import { decodePath, encodePath, fsPath } from "../../../core/system/path-bytes.js";
import { TarParser } from "../../../oci/tar/reader.js";
import { encodeHeader } from "../../../oci/tar/writer.js";
import { header, tarOf } from "./build-tar.js";
import { read, long, headers } from "./entries.js";

function inTemporary<R>(use: (directory: string) => R): R {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-tar-"));
  try {
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

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
