import { renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { UsageError } from "../../../core/errors.js";
import { digestHex, sha256 } from "../../../core/digest.js";
import type { ExportImage } from "../../../exporters/exporter.js";
import { ociLayout } from "../../../exporters/oci-layout.js";
import { importLayout, parseLayoutReference } from "../../../oci/layout/import.js";
import { exportContext, exportRequest, testImage, testLayer, testStore } from "../../support/images/images.js";
import { NAME, rig, filled } from "./rig.js";

test("several platforms: all are kept, the host's stands for the image, a missing one is no fault", async (t) => {
  const { store, image, dir, open } = await filled(t);
  const arm = testImage([testLayer(store, [{ name: "arm", text: "arm" }])], "linux/arm/v6");
  await ociLayout({ dest: join(dir, "layout") }).export(exportRequest([arm, image], [NAME]), exportContext(store));
  const blobFile = ({ layers: [layer] }: ExportImage) => join(dir, "layout/blobs/sha256", digestHex(layer?.blob.digest ?? sha256("")));
  const first = await open();
  await first.images.load(join(dir, "layout"));
  t.is(first.images.get("app:1").platform, "linux/amd64");
  rmSync(blobFile(arm));
  const second = await open();
  const [loaded] = await second.images.load(join(dir, "layout"));
  t.is(loaded?.digest, first.images.get("app:1").digest);
  await second.images.save(["app:1"], join(dir, "part.tar"));
  const third = await open();
  t.is((await third.images.load(join(dir, "part.tar")))[0]?.digest, loaded?.digest);
  rmSync(blobFile(image));
  await t.throwsAsync((await open()).images.load(join(dir, "layout")), { code: "image/incomplete", message: /is missing/ });
});

test("one platform of an index: shown, saved, loaded and removed by itself", async (t) => {
  const { store, image, dir, open } = await filled(t);
  const arm = testImage([testLayer(store, [{ name: "arm", text: "arm" }])], "linux/arm64");
  await ociLayout({ dest: join(dir, "layout") }).export(exportRequest([arm, image], [NAME]), exportContext(store));
  const { images } = await open();
  await images.load(join(dir, "layout"));
  const both = images.get("app:1");
  t.deepEqual(both.platforms.map(({ platform }) => platform).sort(), ["linux/amd64", "linux/arm64"]);
  const armed = both.platforms.find(({ platform }) => platform === "linux/arm64");
  t.is(images.inspect("app:1", { platform: "linux/arm64" })["Id"], armed?.id);
  t.is(images.inspect("app:1", { platform: "linux/arm64" })["Architecture"], "arm64");
  t.is(images.history("app:1", { platform: "linux/arm64" }).find(({ id }) => id !== undefined)?.id, armed?.id);
  t.throws(() => images.inspect("app:1", { platform: "linux/s390x" }), { code: "image/no-platform", message: /linux\/arm64/ });
  t.throws(() => images.inspect("app:1", { platform: "a/b/c/d" }), { instanceOf: UsageError });

  await images.save(["app:1"], join(dir, "arm.tar"), { platform: "linux/arm64" });
  const second = await open();
  t.is((await second.images.load(join(dir, "arm.tar")))[0]?.digest, armed?.digest);
  t.deepEqual(second.images.get("app:1").names, [NAME]);
  const third = await open();
  t.is((await third.images.load(join(dir, "layout"), { platform: "linux/arm64" }))[0]?.digest, armed?.digest);
  t.is(third.images.get("app:1").platform, "linux/arm64");
  await t.throwsAsync((await open()).images.load(join(dir, "arm.tar"), { platform: "linux/amd64" }), { code: "image/no-platform" });

  const { untagged, deleted } = images.remove("app:1", { platforms: ["linux/arm64"] });
  t.deepEqual(untagged, []);
  t.true(armed !== undefined && deleted.includes(armed.digest) && deleted.includes(both.digest));
  const left = images.get("app:1");
  t.deepEqual(left.names, [NAME]);
  t.deepEqual(
    left.platforms.map(({ platform }) => platform),
    ["linux/amd64"],
  );
  t.deepEqual(await images.verify(), []);
  t.deepEqual(images.remove("app:1", { platforms: ["linux/amd64"] }).untagged, [NAME]);
  t.deepEqual(images.list(), []);
});

test("an OCI layout shows no file outside it, whatever its links lead to", async (t) => {
  const { store, image, dir } = await filled(t);
  const dest = join(dir, "layout");
  await ociLayout({ dest }).export(exportRequest([image], [NAME]), exportContext(store));
  const index = join(dest, "index.json");
  writeFileSync(join(dir, "secret"), "PASSWORD=abc123");
  renameSync(index, join(dest, "kept.json"));
  for (const target of [join(dir, "secret"), "../secret", "/proc/self/environ"]) {
    rmSync(index, { force: true });
    symlinkSync(target, index);
    const error = await t.throwsAsync((await rig(t).open()).images.load(dest), { code: "layout/not-found" });
    t.regex(error.message, /: its index\.json is a link that leads out of it$/);
    await t.throwsAsync(importLayout(dest, testBlobs(t)), { code: "layout/not-found" });
  }
  // A link inside is as good as the file; blobs are known by their digests, wherever they are.
  rmSync(index);
  symlinkSync("kept.json", index);
  renameSync(join(dest, "blobs"), join(dir, "elsewhere"));
  symlinkSync(join(dir, "elsewhere"), join(dest, "blobs"));
  t.is((await (await rig(t).open()).images.load(dest)).length, 1);
});

test("an OCI layout directory as a build's source", async (t) => {
  const { store, image, dir, digest } = await filled(t);
  const other = testImage([testLayer(store, [{ name: "z", text: "z" }])]);
  const dest = join(dir, "layout:odd", "here");
  const put = (one: ExportImage, name: string) => ociLayout({ dest }).export(exportRequest([one], [name]), exportContext(store));
  await put(image, "x.io/a:one");
  const target = testStore();
  t.teardown(() => target.close());
  const { blobs } = target.store;
  t.deepEqual(parseLayoutReference(`${dest}:one`), { directory: dest, tag: "one" });
  t.is((await importLayout(dest, blobs)).target.digest, digest);
  t.true(image.layers.every((layer) => blobs.has(layer.blob.digest)));
  await put(other, "x.io/a:latest");
  t.not((await importLayout(dest, blobs)).target.digest, digest);
  t.is((await importLayout(`${dest}:one`, blobs)).name, `${dest}:one`);
  t.is((await importLayout(`${dest}@${digest}`, blobs)).target.digest, digest);
  await t.throwsAsync(importLayout(`${dest}:two`, blobs), { code: "layout/no-image", message: /none has the tag "two"/ });
  await t.throwsAsync(importLayout(join(dir, "nowhere"), blobs), { code: "layout/not-found" });
  writeFileSync(join(dest, "blobs/sha256", digest.slice(7)), "{}");
  await t.throwsAsync(importLayout(`${dest}:one`, testBlobs(t)), { code: "layout/blob-corrupt" });
});

function testBlobs(t: ExecutionContext) {
  const { store, close } = testStore();
  t.teardown(close);
  return store.blobs;
}
