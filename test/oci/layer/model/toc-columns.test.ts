import { deserialize, serialize } from "node:v8";
import test from "ava";
import { decodeToc, encodeToc } from "../../../../cache/content/toc-codec.js";
import { sha256 } from "../../../../core/digest.js";
import { DigestColumn } from "../../../../oci/layer/model/digest-column.js";
import { numbersOf } from "../../../../oci/layer/model/numbers.js";
import type { Toc, TocEntry } from "../../../../oci/layer/model/toc.js";
import { columnsOf, revivedToc, TocColumnsBuilder, TocCursor } from "../../../../oci/layer/model/toc-columns.js";

const META = { mode: 0o644, uid: 0, gid: 0, size: 0, mtime: { sec: 1_700_000_000, nsec: 0 } } as const;

const ENTRIES: readonly TocEntry[] = [
  { ...META, path: "", type: "dir", mode: 0o1777, opaque: true },
  { ...META, path: "a\nb", type: "file", size: 2 ** 40, digest: sha256("a"), xattrs: { "user.a": "AAE=" } },
  { ...META, path: "caf\u00e9 \u{1f600} \ud800", type: "file", uid: 100_000, gid: 2 ** 32 - 2, digest: sha256("b") },
  { ...META, path: "dev", type: "char", device: { major: 1, minor: 3 } },
  { ...META, path: "link", type: "symlink", link: "a\nb" },
  { ...META, path: "old", type: "file", mtime: { sec: -5, nsec: 999_999_999 } },
  { ...META, path: "other", type: "file", size: 2 ** 40, digest: sha256("a"), hardlink: "a\nb" },
  { ...META, path: "pipe", type: "fifo" },
];

function tocOf(entries: readonly TocEntry[]): Toc {
  const builder = new TocColumnsBuilder();
  for (const { digest, ...entry } of entries) builder.add(entry, digest);
  return { version: 1, diffId: sha256("diff"), size: 1024, entries: builder.entries(), whiteouts: ["gone"] };
}

test("entries come out of columns as they went in, also after a thread, a process and the store", (t) => {
  for (const entries of [ENTRIES, ENTRIES.slice(0, 1), []]) {
    const toc = tocOf(entries);
    t.deepEqual([...toc.entries], entries);
    t.deepEqual([...revivedToc(structuredClone(toc)).entries], entries);
    t.deepEqual([...revivedToc(deserialize(serialize(toc)) as Toc).entries], entries);
    const stored = decodeToc([...encodeToc(toc)].join(""));
    t.deepEqual(stored && { ...stored, entries: [...stored.entries] }, { ...toc, entries });
  }
});

test("ranges of another table come as if their entries were added one by one", (t) => {
  const source = tocOf(ENTRIES);
  for (let first = 0; first < ENTRIES.length; first++) {
    for (let next = first; next <= ENTRIES.length; next++) {
      const builder = new TocColumnsBuilder();
      const cursor = new TocCursor(columnsOf(source.entries));
      builder.addRange(cursor, first, next - first);
      const { digest, ...own } = { ...META, path: "own", type: "file", digest: sha256("own") } as const;
      builder.add(own, digest);
      builder.addRange(cursor, next, ENTRIES.length - next);
      const expected = [...ENTRIES.slice(first, next), { ...own, digest }, ...ENTRIES.slice(next)];
      t.deepEqual([...builder.entries()], expected);
      t.deepEqual(builder.columns(), columnsOf(tocOf(expected).entries));
    }
  }
});

test("digests in a column are compared as what they are", (t) => {
  const column = new DigestColumn();
  column.set(3, sha256("a"));
  t.true(column.is(3, sha256("a")));
  t.false(column.is(3, sha256("b")));
  t.false(column.is(2, sha256("a")));
  t.false(column.is(1000, sha256("a")), "none is there");
  column.setAll(2000, column.bytes(4).subarray(96));
  t.is(column.get(2000), sha256("a"));
});

test("the texts of several digests are those of each, in any order of numbers", (t) => {
  const column = new DigestColumn();
  for (let number = 0; number < 50; number++) column.set(number, sha256(`${number}`));
  for (const numbers of [[], [7], [0, 1, 2, 3], [9, 8, 7], [3, 3, 4, 5, 40, 41, 0, 49]])
    t.deepEqual(
      column.texts(Uint32Array.from(numbers)),
      numbers.map((number) => sha256(`${number}`)),
    );
});

test("what came in a message does not hold the message", (t) => {
  const { entries } = revivedToc(deserialize(serialize(tocOf(ENTRIES))) as Toc);
  const { sizes, digests } = columnsOf(entries);
  t.is(sizes.buffer.byteLength, sizes.byteLength);
  t.is(digests.buffer.byteLength, digests.byteLength);
});

test("the stored text is that of earlier versions", (t) => {
  const [, first, , , , old] = ENTRIES as [TocEntry, TocEntry, TocEntry, TocEntry, TocEntry, TocEntry];
  const digest = sha256("a").slice("sha256:".length);
  t.is(
    [...encodeToc(tocOf([first, old]))].join(""),
    `{"version":1,"diffId":"${sha256("diff")}","size":1024,"whiteouts":["gone"],"paths":["a\\nb","old"],"types":"ff","modes":[420,420],` +
      `"uids":[0,0],"gids":[0,0],"sizes":[1099511627776,0],"secs":[1700000000,-5],"nsecs":[0,999999999],` +
      `"digests":"${digest}${"-".repeat(64)}","rare":{"0":{"xattrs":{"user.a":"AAE="}}}}`,
  );
});

test("numbers take the fewest bytes that hold them", (t) => {
  const cases: readonly (readonly [readonly number[], number])[] = [
    [[], 1],
    [[0, 255], 1],
    [[0, 256], 2],
    [[65_536, 1], 4],
    [[1, 2 ** 32], 8],
    [[1, -1], 8],
    [[...Array.from({ length: 100 }, () => 7), 300], 2],
  ];
  for (const [values, bytes] of cases) {
    const numbers = numbersOf(values);
    t.deepEqual([...numbers], values);
    t.is(numbers.BYTES_PER_ELEMENT, bytes, values.join());
  }
});
