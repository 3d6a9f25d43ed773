import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { apply } from "../../../../oci/layer/read/apply.js";
import { scan } from "../../../../oci/layer/read/scan.js";
import { SparseWriter } from "../../../../oci/layer/read/sparse-writer.js";
import { withDirectory } from "../disk.js";

const MEDIA_TYPE = "application/vnd.oci.image.layer.v1.tar";

/**
 * Makes archives of a few kilobytes that stand for far more: a sparse file of 1 TiB, zeros that
 * compress well.
 */
function bombs(directory: string): Readonly<Record<string, string>> {
  const run = (...args: readonly string[]) => {
    const { status, stderr } = spawnSync("tar", ["-C", directory, ...args], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  };
  writeFileSync(join(directory, "huge"), "x");
  truncateSync(join(directory, "huge"), 2 ** 40);
  const made: Record<string, string> = {};
  for (const format of ["gnu", "posix"]) {
    const path = join(directory, `sparse-${format}.tar`);
    run("--sparse", `--format=${format}`, "-cf", path, "huge");
    made[`sparse, ${format}`] = path;
  }
  // 64 MiB of zeros, the blocks that end an archive.
  const padded = join(directory, "padded.tar.gz");
  writeFileSync(padded, gzipSync(Buffer.alloc(64 << 20)));
  made["zeros after the end"] = padded;
  return made;
}

test("an archive that unpacks to more than the limit is refused before it is written", async (t) => {
  await withDirectory(async (directory) => {
    for (const [name, blob] of Object.entries(bombs(directory))) {
      const limit = 32 << 20;
      const error = { code: "layer/too-large", message: /unpacks to more than 33554432 bytes/ };
      await t.throwsAsync(scan({ blob, mediaType: MEDIA_TYPE, limit }), error, name);
      await withDirectory(async (dest) => {
        await t.throwsAsync(apply({ blob, mediaType: MEDIA_TYPE, dest, limit }), error, name);
        t.true(statSync(dest).blocks < 100, name);
      });
    }
  });
});

test("nobody has to name the limit: a sparse terabyte is refused by default", async (t) => {
  await withDirectory(async (directory) => {
    const blob = bombs(directory)["sparse, posix"] as string;
    await t.throwsAsync(scan({ blob, mediaType: MEDIA_TYPE }), { code: "layer/too-large" });
  });
});

test("zeros become holes, and files keep their bytes", async (t) => {
  await withDirectory(async (directory) => {
    const zeros = (count: number) => Buffer.alloc(count);
    const text = Buffer.from("text");
    const cases: readonly (readonly Buffer[])[] = [
      [zeros(1 << 20), text],
      [text, zeros(1 << 20)],
      [zeros(1 << 20)],
      [text],
      [],
      [Buffer.concat([text, zeros(200_000), text, zeros(65_536), zeros(3)])],
      [zeros(65_535), zeros(65_536), text, zeros(70_000), text],
    ];
    for (const [index, chunks] of cases.entries()) {
      const path = join(directory, `file-${index}`);
      const fd = openSync(path, "wx");
      const writer = new SparseWriter(fd);
      for (const chunk of chunks) writer.write(chunk);
      writer.finish();
      closeSync(fd);
      t.deepEqual(readFileSync(path), Buffer.concat(chunks), String(index));
    }
    t.is(statSync(join(directory, "file-2")).blocks, 0);
  });
});
