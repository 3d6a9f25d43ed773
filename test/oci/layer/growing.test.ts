import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { sha256 } from "../../../core/digest.js";
import { scan } from "../../../oci/layer/scan.js";
import { encodeHeader } from "../../../oci/tar/writer.js";

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
      toc.entries.map(({ path, digest }) => [path, digest]),
      [["file", sha256(CONTENT)]],
    );
    t.is(readFileSync(blob).length, bytes.length);
  });

  test(`${format}: a reader that waits for more ends when it is told to`, async (t) => {
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
