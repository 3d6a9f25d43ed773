import test from "ava";
import fc from "fast-check";
import type { TsbuildError } from "../../../core/errors.js";
import { readNumber } from "../../../oci/tar/header.js";
import { encodePax, formatPaxTime, parsePax, parsePaxTime } from "../../../oci/tar/pax.js";
import { encodeHeader } from "../../../oci/tar/writer.js";
import { type Entry, header, tarOf } from "./build-tar.js";
import { read, long, headers } from "./entries.js";

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
