import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { sha256 } from "../../../../core/digest.js";
import { Compressor } from "../../../../oci/layer/write/compress.js";
import { openDecompressed } from "../../../../oci/layer/read/decompress.js";
import type { CompressionOptions } from "../../../../oci/layer/model/tasks.js";
import { ZstdFrames } from "../../../../oci/layer/read/zstd-frames.js";
import { requires, withoutProgram } from "../../../support/requires.js";
import { withDirectory } from "../disk.js";
import { mediaType, scan, pack, recompress, rejects, plan, text } from "../layer-rig.js";

const withZstd = requires(withoutProgram("zstd"));

async function compressed(
  options: CompressionOptions,
  inFlight: number,
  step: number,
): Promise<{ bytes: Buffer; result: Awaited<ReturnType<Compressor["finish"]>> }> {
  const parts: Buffer[] = [];
  const compressor = new Compressor({ options, sink: (chunk) => void parts.push(Buffer.from(chunk)), inFlight });
  const scratch = Buffer.alloc(step);
  for (let at = 0; at < text.length; at += step) {
    const part = text.subarray(at, at + step);
    part.copy(scratch);
    const wait = compressor.write(scratch.subarray(0, part.length));
    if (wait) await wait;
  }
  const result = await compressor.finish();
  return { bytes: Buffer.concat(parts), result };
}

test("layers are recompressed to what packing would have written; gzip may have several members", (t) =>
  withDirectory(async (directory) => {
    const out = (name: string) => join(directory, name);
    const gzip = await pack({ plan, out: out("gzip"), compression: { type: "gzip" } });
    const plain = await pack({ plan, out: out("plain"), compression: { type: "uncompressed" } });
    const { digest, size } = gzip;
    t.deepEqual(await recompress({ blob: out("plain"), mediaType, out: out("again"), compression: { type: "gzip" } }), {
      mediaType,
      digest,
      size,
    });
    await recompress({ blob: out("gzip"), mediaType, out: out("back"), compression: { type: "uncompressed" } });
    t.true(readFileSync(out("back")).equals(readFileSync(out("plain"))));
    const wanted = await scan({ blob: out("plain"), mediaType });
    t.is(wanted.diffId, plain.diffId);
    const members = Buffer.concat([
      gzipSync(readFileSync(out("plain")).subarray(0, 1000)),
      gzipSync(readFileSync(out("plain")).subarray(1000)),
    ]);
    writeFileSync(out("members"), members);
    t.deepEqual(await scan({ blob: out("members"), mediaType }), wanted);
  }));

for (const command of ["gzip", "bzip2", "xz", "zstd"]) {
  requires(withoutProgram(command))(`a layer of ${command} is recognized by its bytes, and one that ends early is refused`, (t) =>
    withDirectory(async (directory) => {
      const out = (name: string) => join(directory, name);
      await pack({ plan, out: out("plain"), compression: { type: "uncompressed" } });
      const { stdout } = spawnSync(command, ["-c"], { input: readFileSync(out("plain")) });
      writeFileSync(out("whole"), stdout);
      t.deepEqual(await scan({ blob: out("whole"), mediaType }), await scan({ blob: out("plain"), mediaType }));
      writeFileSync(out("half"), stdout.subarray(0, stdout.length / 2));
      await rejects(t, scan({ blob: out("half"), mediaType }), "layer/corrupt");
    }),
  );
}

test("zstd where Node has it; else the error says what to do", (t) =>
  withDirectory(async (directory) => {
    const out = join(directory, "l");
    if (!("zstdCompress" in (await import("node:zlib")))) {
      const error = await rejects(t, pack({ plan, out, compression: { type: "zstd" } }), "layer/zstd-unsupported");
      t.regex(error.hint ?? "", /Node 22\.15/);
      t.false(existsSync(out));
      return;
    }
    const { bytes, result } = await compressed({ type: "zstd" }, 1, text.length);
    t.true((await compressed({ type: "zstd" }, 8, 7919)).bytes.equals(bytes));
    t.is(result.diffId, sha256(text));
    writeFileSync(out, bytes);
    const hash = createHash("sha256");
    for await (const chunk of openDecompressed(out)) hash.update(chunk);
    t.is(`sha256:${hash.digest("hex")}`, result.diffId);
  }));

withZstd("zstd streams are cut at their frames, wherever chunks end", (t) => {
  const zstd = (data: Buffer, ...args: string[]) => spawnSync("zstd", ["-c", ...args], { input: data });
  const frames = [
    zstd(text.subarray(0, 700_000)),
    zstd(Buffer.alloc(0)),
    zstd(Buffer.from("x"), "--no-check"),
    zstd(Buffer.alloc(1_000_000), "--no-check"),
    zstd(text, "-19", "--long"),
  ];
  const skippable = Buffer.from("\x5f\x2a\x4d\x18\x05\0\0\0hello", "latin1");
  const empty = Buffer.from("\x50\x2a\x4d\x18\0\0\0\0", "latin1");
  const [a, b, c, d, e] = frames.map(({ stdout }) => stdout) as [Buffer, Buffer, Buffer, Buffer, Buffer];
  const stream = Buffer.concat([skippable, a, b, empty, c, skippable, skippable, d, e, empty]);
  for (const step of [stream.length, 1, 3, 5, 1000]) {
    const found: Buffer[] = [];
    let parts: Buffer[] = [];
    const cutter = new ZstdFrames();
    for (let at = 0; at < stream.length; at += step) {
      const problem = cutter.push(
        stream.subarray(at, at + step),
        (part) => parts.push(part),
        () => {
          found.push(Buffer.concat(parts));
          parts = [];
        },
      );
      t.is(problem, undefined);
    }
    t.true(cutter.complete);
    t.deepEqual(
      found.map((frame) => frame.length),
      [a, b, c, d, e].map((frame) => frame.length),
      `chunks of ${step}`,
    );
    t.true(Buffer.concat(found).equals(Buffer.concat([a, b, c, d, e])));
  }
  t.is(
    typeof new ZstdFrames().push(
      Buffer.from("no zstd"),
      () => {},
      () => {},
    ),
    "string",
  );
  const half = new ZstdFrames();
  half.push(
    stream.subarray(0, 100),
    () => {},
    () => {},
  );
  t.false(half.complete);
});
