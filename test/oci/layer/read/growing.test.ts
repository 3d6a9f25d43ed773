import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { sha256 } from "../../../../core/digest.js";
import { CanceledError } from "../../../../core/errors.js";
import { readGrowing } from "../../../../oci/layer/model/growing-file.js";
import { scan } from "../../../../oci/layer/read/scan.js";
import { encodeHeader } from "../../../../oci/tar/writer.js";

// Layers that are read while they are downloaded.

const CONTENT = Buffer.alloc(300_000, "some content, ");

function layer(): Buffer {
  const header = encodeHeader({
    name: "file",
    type: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: CONTENT.length,
    mtime: { sec: 0, nsec: 0 },
  });
  return Buffer.concat([header, CONTENT, Buffer.alloc(512 - (CONTENT.length % 512)), Buffer.alloc(1024)]);
}

/**
 * Reads a file that grows by `step` bytes in each of `turns` pauses. Returns the bytes and the
 * pauses, in milliseconds.
 */
async function grow(directory: string, turns: number, step: (ms: number) => number): Promise<{ size: number; pauses: readonly number[] }> {
  const path = join(directory, "growing");
  writeFileSync(path, "");
  const pauses: number[] = [];
  const state = { aborted: false };
  const sleep = async (ms: number): Promise<void> => {
    pauses.push(ms);
    if (pauses.length === turns) state.aborted = true;
    else appendFileSync(path, Buffer.alloc(step(ms), "x"));
  };
  let size = 0;
  try {
    for await (const chunk of readGrowing(path, { size: 1 << 30, stopped: () => state.aborted, sleep })) size += chunk.length;
  } catch (error) {
    if (!(error instanceof CanceledError)) throw error;
  }
  return { size, pauses };
}

test("a growing file is looked at seldom while little comes, and often while much does", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-growing-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  // A kilobyte a millisecond.
  const slow = await grow(directory, 40, (ms) => ms * 1000);
  t.deepEqual(slow.pauses.slice(0, 8), [4, 8, 16, 32, 64, 128, 128, 128]);
  t.is(
    slow.size,
    slow.pauses.slice(0, -1).reduce((sum, ms) => sum + ms * 1000, 0),
  );
  const fast = await grow(directory, 40, () => 300_000);
  t.deepEqual(new Set(fast.pauses.slice(1)), new Set([2]));
});

for (const [format, bytes] of [
  ["plain", layer()],
  ["gzip", gzipSync(layer())],
] as const) {
  test(`${format}: a blob is read as it grows, in pieces of any size`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "tsbuild-growing-"));
    t.teardown(() => rmSync(directory, { recursive: true, force: true }));
    const blob = join(directory, "blob");
    writeFileSync(blob, bytes.subarray(0, 3));
    const scanning = scan({ blob, mediaType: "", growing: bytes.length });
    for (const [from, to] of [
      [3, 5],
      [5, 400],
      [400, bytes.length - 1],
      [bytes.length - 1, bytes.length],
    ] as const) {
      // The reader gets its turn between the pieces.
      await new Promise((resolve) => setImmediate(resolve));
      appendFileSync(blob, bytes.subarray(from, to));
    }
    const { diffId, toc } = await scanning;
    t.is(diffId, sha256(layer()));
    t.deepEqual(
      [...toc.entries].map(({ path, digest }) => [path, digest]),
      [["file", sha256(CONTENT)]],
    );
    t.is(readFileSync(blob).length, bytes.length);
  });

  test(`${format}: a reader that waits for more ends when it is asked to`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "tsbuild-growing-"));
    t.teardown(() => rmSync(directory, { recursive: true, force: true }));
    const blob = join(directory, "blob");
    writeFileSync(blob, bytes.subarray(0, 600));
    const context = { aborted: false };
    const scanning = scan({ blob, mediaType: "", growing: bytes.length }, context);
    setImmediate(() => (context.aborted = true));
    await t.throwsAsync(scanning, { code: "build/canceled" });
  });
}
