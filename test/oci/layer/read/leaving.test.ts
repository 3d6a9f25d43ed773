import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { decompressGrowing, openDecompressed } from "../../../../oci/layer/read/decompress.js";
import { heldCloses, openCount } from "../../../support/open-files.js";
import { withDirectory } from "../disk.js";

// A reader that leaves before the end, as one does whose build is aborted, leaves no file open.

const BYTES = randomBytes(3 << 20);
const turn = (): Promise<unknown> => new Promise(setImmediate);

for (const [format, bytes] of [
  ["plain", BYTES],
  ["gzip", gzipSync(BYTES)],
] as const) {
  for (const [moment, there] of [
    ["while more is there", bytes.length],
    ["while more is to come", 1000],
  ] as const) {
    test(`${format}: a reader leaves a growing file ${moment}`, (t) =>
      withDirectory(async (directory) => {
        const blob = join(directory, "blob");
        writeFileSync(blob, bytes.subarray(0, there));
        // Nobody stops a download that another step wants.
        const chunks = decompressGrowing(blob, { size: bytes.length, stopped: () => false, sleep: turn });
        await chunks.next();
        t.is(openCount(blob), 1);
        await chunks.return();
        t.is(openCount(blob), 0);
      }));
  }
}

test.serial("a reader that leaves waits until the file is closed", (t) =>
  withDirectory(async (directory) => {
    const blob = join(directory, "blob");
    writeFileSync(blob, gzipSync(BYTES));
    const chunks = openDecompressed(blob)[Symbol.asyncIterator]();
    await chunks.next();
    t.is(openCount(blob), 1);
    const closes = heldCloses();
    let ended = false;
    const left = chunks.return?.().then(() => (ended = true));
    for (let turns = 0; turns < 100 && closes.count() === 0; turns++) await turn();
    for (let turns = 0; turns < 20; turns++) await turn();
    const early = ended;
    closes.release();
    await left;
    t.false(early);
    t.is(openCount(blob), 0);
  }),
);

test("nothing is opened before somebody reads", (t) =>
  withDirectory(async (directory) => {
    const blob = join(directory, "blob");
    writeFileSync(blob, gzipSync(BYTES));
    openDecompressed(blob);
    await turn();
    t.is(openCount(blob), 0);
  }));
