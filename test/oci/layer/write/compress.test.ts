import { spawnSync } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import test from "ava";
import { sha256 } from "../../../../core/digest.js";
import { Compressor, compressionRecipe } from "../../../../oci/layer/write/compress.js";
import { isIncompressible, PIECE_SIZE } from "../../../../oci/layer/write/incompressible.js";
import type { CompressionOptions } from "../../../../oci/layer/model/tasks.js";

/** Returns bytes that look random and are the same in every run. */
function noise(size: number, seed = 0): Buffer {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(size));
}

const words = (size: number): Buffer => Buffer.alloc(size, "a line of text that compresses, and another\n");

async function compressed(data: Buffer, options: CompressionOptions, inFlight: number, step: number) {
  const parts: Buffer[] = [];
  const compressor = new Compressor({ options, sink: (chunk) => void parts.push(Buffer.from(chunk)), inFlight });
  const scratch = Buffer.alloc(step);
  for (let at = 0; at < data.length; at += step) {
    const part = data.subarray(at, at + step);
    part.copy(scratch);
    const wait = compressor.write(scratch.subarray(0, part.length));
    if (wait) await wait;
  }
  return { result: await compressor.finish(), bytes: Buffer.concat(parts) };
}

const PIECES: readonly (readonly [string, boolean, Buffer])[] = [
  ["random bytes", true, noise(PIECE_SIZE)],
  ["what was compressed before", true, gzipSync(Buffer.from(noise(150_000).toString("base64"))).subarray(100, 100 + PIECE_SIZE)],
  ["text", false, words(PIECE_SIZE)],
  ["zeros", false, Buffer.alloc(PIECE_SIZE)],
  ["base64 of random bytes", false, Buffer.from(noise(PIECE_SIZE).toString("base64")).subarray(0, PIECE_SIZE)],
  ["every byte in turn: even, but it repeats", false, Buffer.from(Array.from({ length: PIECE_SIZE }, (_, i) => i & 255))],
  ["random bytes again and again, never at the same place", false, Buffer.concat(Array(7).fill(noise(9_999))).subarray(0, PIECE_SIZE)],
  ["random bytes, a quarter of them twice", false, Buffer.concat([noise(49_152), noise(16_384)])],
  ["random bytes with holes", false, Buffer.concat(Array.from({ length: 32 }, (_, i) => (i % 2 ? noise(3072, i) : Buffer.alloc(1024))))],
];

for (const [what, expected, piece] of PIECES) {
  test(`incompressible? ${what}`, (t) => {
    t.is(piece.length, PIECE_SIZE);
    t.is(isIncompressible(piece), expected);
  });
}

const MIB = 1 << 20;
const STREAMS: readonly (readonly [string, Buffer])[] = [
  ["nothing", Buffer.alloc(0)],
  ["text", Buffer.concat(Array.from({ length: 9 }, (_, i) => Buffer.alloc(500_000, `block ${i} of text that compresses\n`)))],
  ["one piece of noise", noise(PIECE_SIZE)],
  ["noise that ends with its last block", noise(2 * MIB)],
  ["noise that ends inside a piece", noise(MIB + 70_001)],
  ["noise, then text in one block", Buffer.concat([noise(MIB / 2), words(MIB / 2)])],
  ["text, then noise, then a word", Buffer.concat([words(MIB + 300_000), noise(400_000), words(7)])],
  ["pieces in turn", Buffer.concat(Array.from({ length: 40 }, (_, i) => (i % 2 ? noise(PIECE_SIZE, i) : words(PIECE_SIZE))))],
  ["text that goes on behind noise", Buffer.concat([words(PIECE_SIZE), noise(3 * PIECE_SIZE), words(5 * MIB)])],
];

for (const [what, data] of STREAMS) {
  test(`gzip of ${what}: one stream, the same bytes at any parallelism, never much larger than its input`, async (t) => {
    const first = await compressed(data, { type: "gzip" }, 1, Math.max(1, data.length));
    for (const [inFlight, step] of [
      [16, 1 << 20],
      [3, 7919],
    ] as const) {
      t.true((await compressed(data, { type: "gzip" }, inFlight, step)).bytes.equals(first.bytes));
    }
    t.deepEqual(first.result, {
      diffId: sha256(data),
      uncompressedSize: data.length,
      digest: sha256(first.bytes),
      size: first.bytes.length,
    });
    t.deepEqual([...first.bytes.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    t.true(gunzipSync(first.bytes).equals(data));
    const gzip = spawnSync("gzip", ["-dc"], { input: first.bytes, maxBuffer: 1 << 26 });
    t.is(gzip.status, 0, gzip.stderr.toString());
    t.true(gzip.stdout.equals(data));
    t.true(first.bytes.length <= data.length + 64 + (data.length >> 12));
    for (const level of [0, 1, 9]) t.true(gunzipSync((await compressed(data, { type: "gzip", level }, 4, 1 << 16)).bytes).equals(data));
  });
}

test("what was given up writes nothing any more, and a sink that fails ends the stream", async (t) => {
  let chunks = 0;
  let release = (): void => undefined;
  const slow = new Compressor({
    options: { type: "gzip" },
    sink: () => {
      chunks++;
      return new Promise((done) => {
        release = done;
      });
    },
  });
  void slow.write(words(3 * MIB));
  const abandoned = slow.abandon();
  release();
  await abandoned;
  t.is(chunks, 1);
  const failing = new Compressor({ options: { type: "gzip" }, sink: () => Promise.reject(new Error("the disk is gone")) });
  const written = failing.write(words(20 * MIB));
  t.truthy(written);
  await t.throwsAsync(async () => written, { message: "the disk is gone" });
  await t.throwsAsync(failing.finish(), { message: "the disk is gone" });
  await failing.abandon();
});

test("a recipe names all that decides the bytes", (t) => {
  t.is(compressionRecipe({ type: "gzip" }), `gzip-4-v2-${process.versions.zlib}`);
  t.is(compressionRecipe({ type: "gzip", level: 9 }), `gzip-9-v2-${process.versions.zlib}`);
  t.is(compressionRecipe({ type: "zstd" }), `zstd-3-v2-${process.versions["zstd"]}`);
  t.is(compressionRecipe({ type: "uncompressed" }), "uncompressed");
});

test("stored pieces have one form, which is part of the format version", async (t) => {
  const { bytes } = await compressed(noise(2 * PIECE_SIZE), { type: "gzip" }, 4, 1 << 16);
  const header = (last: number, length: number) => Buffer.from([last, length & 255, length >> 8, ~length & 255, (~length >> 8) & 255]);
  const data = noise(2 * PIECE_SIZE);
  t.true(
    bytes
      .subarray(10, -8)
      .equals(
        Buffer.concat([
          header(0, 65535),
          data.subarray(0, 65535),
          header(0, 65535),
          data.subarray(65535, 131_070),
          header(1, 2),
          data.subarray(131_070),
        ]),
      ),
  );
});
