import { chmodSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import test from "ava";
import type { Digest } from "../../core/digest.js";
import { dockerTar } from "../../exporters/docker-tar.js";
import type { Exporter } from "../../exporters/exporter.js";
import { localDirectory } from "../../exporters/local-dir.js";
import { ociLayout } from "../../exporters/oci-layout.js";
import { ociTar } from "../../exporters/oci-tar.js";
import { rootfsTar } from "../../exporters/rootfs-tar.js";
import { exportRequest, testImage, testLayer } from "../support/images/images.js";
import { list, rig, run, stacked } from "./export-rig.js";

/** Each exporter that writes to a path, with what is at that path before. */
const writers: readonly (readonly [string, (dest: string) => Exporter])[] = [
  ["oci", (dest) => ociTar({ dest })],
  ["docker", (dest) => dockerTar({ dest })],
  ["tar", (dest) => rootfsTar({ dest })],
  ["local", (dest) => localDirectory({ dest })],
  ["layout", (dest) => ociLayout({ dest })],
];

for (const [name, exporter] of writers) {
  test(`${name}: a damaged layer, an abort and a missing layer leave what was there`, async (t) => {
    const { store, dir } = rig(t);
    const image = testImage([
      testLayer(store, [{ name: "a", text: "a" }]),
      testLayer(store, [{ name: "b", text: "b".repeat(5000) }], "uncompressed"),
    ]);
    const damaged = image.layers[1]?.blob.digest as Digest;
    const path = store.blobs.path(damaged);
    const whole = readFileSync(path);
    const dest = join(dir, "out");
    const isDirectory = name === "local" || name === "layout";
    if (!isDirectory) writeFileSync(dest, "before");
    const unchanged = () =>
      t.deepEqual([readdirSync(dir), isDirectory || readFileSync(dest, "utf8")], isDirectory ? [[], true] : [["out"], "before"]);
    await t.throwsAsync(run(exporter(dest), exportRequest([image]), store, AbortSignal.abort()), { code: "build/canceled" });
    unchanged();
    chmodSync(path, 0o644);
    const bad = Buffer.from(whole);
    bad[600] = 0x63;
    writeFileSync(path, bad);
    await t.throwsAsync(run(exporter(dest), exportRequest([image]), store), { code: "store/blob-corrupt" });
    unchanged();
    store.blobs.remove(damaged);
    await t.throwsAsync(run(exporter(dest), exportRequest([image]), store), { code: "export/layer-missing" });
    unchanged();
  });
}

test("a file destination keeps links and pipes what they are", async (t) => {
  const { store, dir } = rig(t);
  const request = exportRequest([testImage([])]);
  writeFileSync(join(dir, "real.tar"), "old");
  symlinkSync("real.tar", join(dir, "link.tar"));
  await run(ociTar({ dest: join(dir, "link.tar") }), request, store);
  t.true(lstatSync(join(dir, "link.tar")).isSymbolicLink());
  t.true(list(readFileSync(join(dir, "real.tar"))).files.has("index.json"));
  await run(ociTar({ dest: "/dev/null" }), request, store);
  t.true(lstatSync("/dev/null").isCharacterDevice());
  await t.throwsAsync(run(ociTar({ dest: dir }), request, store), { code: "export/is-directory" });
  await t.throwsAsync(run(ociTar({ dest: "/proc/nowhere/x.tar" }), request, store), {
    code: "export/no-directory",
    message: 'Cannot write "/proc/nowhere/x.tar": there is no directory "/proc/nowhere"',
  });
});

test("a stream that its reader closes ends the export", async (t) => {
  const { store } = rig(t);
  const image = stacked(store);
  const gone = new Writable({
    highWaterMark: 10,
    write: (_chunk, _encoding, done) => done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })),
  });
  await t.throwsAsync(run(ociTar({ dest: gone }), exportRequest([image]), store), {
    code: "export/write-failed",
    message: /its reader has gone/,
  });
  const stuck = new Writable({ highWaterMark: 10, write: () => undefined });
  const abort = new AbortController();
  const running = run(ociTar({ dest: stuck }), exportRequest([image]), store, abort.signal);
  setImmediate(() => abort.abort());
  await t.throwsAsync(running, { code: "build/canceled" });
});
