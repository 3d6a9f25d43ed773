import { spawnSync } from "node:child_process";
import test from "ava";
import { CanceledError } from "../../../core/errors.js";
import { type Digest, sha256 } from "../../../core/digest.js";
import { readEntries } from "../../../oci/layout/archive-reader.js";
import { type ArchiveMember, writeArchive } from "../../../oci/layout/archive-writer.js";
import type { ByteSink } from "../../../oci/layout/byte-sink.js";
import { tarOf } from "../tar/build-tar.js";

/** Makes a sink in memory that can be slow or fail. */
function memorySink(write: (chunk: Uint8Array) => void | Promise<void> = () => undefined) {
  const chunks: Uint8Array[] = [];
  const sink: ByteSink = {
    write: (chunk) => {
      chunks.push(chunk);
      return write(chunk);
    },
    commit: () => undefined,
    discard: () => undefined,
  };
  return { sink, bytes: () => Buffer.concat(chunks) };
}

/** Makes a file of `count` chunks of `size` bytes that records its calls. */
function streamed(name: string, count: number, size: number) {
  const state = { given: 0, opened: false, closed: false };
  const open = async function* () {
    state.opened = true;
    try {
      for (; state.given < count; state.given++) yield Buffer.alloc(size, "s");
    } finally {
      state.closed = true;
    }
  };
  return { state, member: { name, mode: 0o444, content: { size: count * size, open } } satisfies ArchiveMember };
}

async function archiveOf(members: readonly ArchiveMember[]): Promise<Buffer> {
  const { sink, bytes } = memorySink();
  await writeArchive(members, sink);
  return bytes();
}

async function* inChunks(archive: Buffer, size: number): AsyncGenerator<Buffer> {
  // One buffer for all, as the readers of files do it.
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < archive.length; at += size) yield buffer.subarray(0, archive.copy(buffer, 0, at, at + size));
}

async function contents(source: AsyncIterable<Uint8Array>): Promise<readonly (readonly [string, string, Digest])[]> {
  const found: (readonly [string, string, Digest])[] = [];
  for await (const { name, type, content } of readEntries(source)) {
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    found.push([name, type, sha256(Buffer.concat(chunks))]);
  }
  return found;
}

const MEMBERS: readonly ArchiveMember[] = [
  { name: "blobs/", mode: 0o755 },
  { name: "blobs/sha256/", mode: 0o755 },
  { name: `blobs/sha256/${"a".repeat(64)}`, mode: 0o444, content: Buffer.from("{}") },
  { name: "empty", mode: 0o444, content: Buffer.alloc(0) },
  { name: "block", mode: 0o644, content: Buffer.alloc(512, "b") },
  streamed("streamed", 3, 100_001).member,
];

test("the same members give the same bytes, which GNU tar reads", async (t) => {
  const archive = await archiveOf([...MEMBERS.slice(0, 5), streamed("streamed", 3, 100_001).member]);
  t.true(archive.equals(await archiveOf([...MEMBERS.slice(0, 5), streamed("streamed", 300_003, 1).member])));
  t.is<string, string>(sha256(archive), "sha256:e695c4bb7210e3442e4cc208fd709be2a004d68449809b2a9a7520a24f5b9e24");
  const { stdout } = spawnSync("tar", ["-tvf", "-", "--numeric-owner", "--utc"], { input: archive, encoding: "utf8" });
  t.deepEqual(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.replace(/ +/g, " ")),
    [
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 blobs/",
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 blobs/sha256/",
      `-r--r--r-- 0/0 2 1970-01-01 00:00 blobs/sha256/${"a".repeat(64)}`,
      "-r--r--r-- 0/0 0 1970-01-01 00:00 empty",
      "-rw-r--r-- 0/0 512 1970-01-01 00:00 block",
      "-r--r--r-- 0/0 300003 1970-01-01 00:00 streamed",
    ],
  );
});

test("what is written is read, however it is cut", async (t) => {
  const archive = await archiveOf([...MEMBERS.slice(0, 5), streamed("streamed", 3, 100_001).member]);
  const expected = await contents(inChunks(archive, archive.length));
  t.deepEqual(
    expected.map(([name, type]) => `${type} ${name}`),
    ["other blobs/", "other blobs/sha256/", `file blobs/sha256/${"a".repeat(64)}`, "file empty", "file block", "file streamed"],
  );
  t.is(expected[5]?.[2], sha256(Buffer.alloc(300_003, "s")));
  for (const size of [1, 511, 512, 513, 4096, 65_536]) t.deepEqual(await contents(inChunks(archive, size)), expected, String(size));
});

test("a slow sink slows the source down", async (t) => {
  const file = streamed("big", 64, 1 << 20);
  let written = 0;
  let ahead = 0;
  const { sink } = memorySink(async (chunk) => {
    await new Promise(setImmediate);
    written += chunk.length;
    ahead = Math.max(ahead, file.state.given * (1 << 20) - written);
  });
  await writeArchive([file.member], sink);
  t.true(ahead <= 3 << 20, `${ahead} bytes ahead`);
  t.true(file.state.closed);
});

test("whatever ends a write early, its error comes out and its sources are closed", async (t) => {
  for (let at = 1; at <= 5; at++) {
    const file = streamed("big", 64, 1 << 20);
    let calls = 0;
    const { sink } = memorySink(() => {
      if (++calls === at) throw new Error(`write ${at}`);
    });
    await t.throwsAsync(writeArchive([...MEMBERS.slice(0, 1), file.member, ...MEMBERS.slice(2, 3)], sink), { message: `write ${at}` });
    t.true(file.state.given < 5);
    t.is(file.state.closed, file.state.opened);
  }
  const abort = new AbortController();
  const file = streamed("big", 64, 1 << 20);
  const { sink } = memorySink(() => {
    if (file.state.given > 2) abort.abort();
  });
  await t.throwsAsync(writeArchive([file.member], sink, { signal: abort.signal }), { instanceOf: CanceledError });
  t.true(file.state.closed);
  const failing: ArchiveMember = {
    name: "bad",
    mode: 0o644,
    content: {
      size: 10,
      // oxlint-disable-next-line require-yield
      open: async function* () {
        throw new Error("unreadable");
      },
    },
  };
  await t.throwsAsync(archiveOf([failing, ...MEMBERS.slice(2, 3)]), { message: "unreadable" });
  for (const size of [99, 101]) {
    const content = {
      size,
      open: async function* () {
        yield Buffer.alloc(100);
      },
    };
    await t.throwsAsync(archiveOf([{ name: "odd", mode: 0o644, content }]), { message: /internal: tar entry odd got 100 bytes/ });
  }
});

test("what nobody reads of an entry is skipped; leaving the archive closes its source", async (t) => {
  const archive = await archiveOf([
    ...MEMBERS.slice(0, 5),
    streamed("streamed", 3, 100_001).member,
    { name: "last", mode: 0o644, content: Buffer.from("end") },
  ]);
  const names: string[] = [];
  for await (const { name, content } of readEntries(inChunks(archive, 1000))) {
    names.push(name);
    for await (const chunk of content) if (chunk.length > 0) break;
  }
  t.is(names.at(-1), "last");
  t.is(names.length, 7);
  const file = streamed("source", 1000, 512);
  for await (const entry of readEntries(chain([archive.subarray(0, 4096)], file.member.content.open()))) if (entry.name === "empty") break;
  await new Promise(setImmediate);
  t.true(file.state.given < 10);
});

async function* chain(first: readonly Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* first;
  yield* rest;
}

test("a reader that waits stops the source", async (t) => {
  const archive = await archiveOf([streamed("big", 32, 1 << 20).member]);
  let given = 0;
  const source = async function* () {
    for (let at = 0; at < archive.length; at += 1 << 20) {
      given++;
      yield archive.subarray(at, at + (1 << 20));
    }
  };
  let read = 0;
  for await (const { content } of readEntries(source())) {
    for await (const chunk of content) {
      await new Promise(setImmediate);
      read += chunk.length;
      t.true(given * (1 << 20) - read <= 3 << 20);
    }
  }
  t.is(read, 32 << 20);
});

test("what follows the end marker is nothing, as for every other reader", async (t) => {
  const archive = await archiveOf(MEMBERS.slice(0, 5));
  const more = await archiveOf([{ name: "hidden", mode: 0o644, content: Buffer.from("x") }]);
  const expected = await contents(inChunks(archive, 4096));
  for (const tail of [more, Buffer.alloc(10_240), Buffer.alloc(3000, "garbage"), Buffer.alloc(0)]) {
    for (const size of [1, 700, 1 << 20]) t.deepEqual(await contents(inChunks(Buffer.concat([archive, tail]), size)), expected);
  }
  // Without an end marker, or with half of one, an archive ends with its bytes.
  for (const cut of [512, 1024]) t.deepEqual(await contents(inChunks(archive.subarray(0, -cut), 700)), expected);
  const half = Buffer.concat([archive.subarray(0, -512), more]);
  await t.throwsAsync(contents(inChunks(half, 700)), { code: "tar/invalid", message: /half an end marker/ });
  // Zeros inside a file are its content.
  const zeros = await archiveOf([{ name: "zeros", mode: 0o644, content: Buffer.alloc(5000) }, ...MEMBERS.slice(2, 3)]);
  t.is((await contents(inChunks(zeros, 512))).length, 2);
});

test("archives that break off or break the format", async (t) => {
  const archive = await archiveOf(MEMBERS.slice(0, 5));
  for (let length = 1; length < archive.length - 1024; length += 100) {
    const whole = length % 512 === 0 && [512, 1024, 2048, 2560].includes(length);
    if (whole) continue;
    await t.throwsAsync(
      contents(inChunks(archive.subarray(0, length), 777)),
      { code: "tar/truncated", message: new RegExp(`ends after ${length} bytes`) },
      String(length),
    );
  }
  const flipped = Buffer.from(archive);
  flipped[1024 + 5] = 0x7a;
  const sparse = tarOf([{ name: "s", data: "x" }]);
  // A GNU sparse entry that claims 8 EiB of zeros.
  sparse.write("S", 156);
  sparse.write("        ", 148);
  sparse.write(
    `${sparse
      .subarray(0, 512)
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  const extended = (records: string) =>
    Buffer.concat([tarOf([{ name: "PaxHeaders/x", data: records }]).subarray(0, 1024), tarOf([{ name: "x", data: "x" }])]);
  const asPax = (block: Buffer) => {
    block.write("x", 156);
    block.write("        ", 148);
    block.write(
      `${block
        .subarray(0, 512)
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
    );
    return block;
  };
  const cases: readonly (readonly [Buffer, RegExp])[] = [
    [flipped, /a header whose checksum is wrong \(at byte 1024\)/],
    [Buffer.alloc(2048, "text "), /checksum/],
    [sparse, /"s" of a type that image archives do not have/],
    [asPax(extended("22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n")), /the sparse file "x"/],
    [asPax(extended("12 size=zzzz\n")), /size is not valid/],
  ];
  for (const [bytes, message] of cases)
    await t.throwsAsync(contents(inChunks(bytes, 512)), { code: "tar/invalid", message }, String(message));
  const failing = async function* () {
    yield archive.subarray(0, 1100);
    throw new CanceledError();
  };
  await t.throwsAsync(contents(failing()), { instanceOf: CanceledError });
});
