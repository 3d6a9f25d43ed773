import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import test from "ava";
import { digestHex, sha256 } from "../../../core/digest.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { tarOf } from "../../support/images/images.js";
import { rig, filled } from "./rig.js";

test("what is no image archive is said to be none, and nothing changes", async (t) => {
  const { images, dir, store, image } = await filled(t);
  await images.save(["app:1"], join(dir, "x.tar"));
  const tar = readFileSync(join(dir, "x.tar"));
  const before = images.list();
  const load = (bytes: Buffer | string) => images.load(typeof bytes === "string" ? bytes : Readable.from([bytes]));
  const other = await (async () => {
    const { open } = rig(t);
    return (await open()).images;
  })();
  for (const [source, code, message] of [
    [join(dir, "none.tar"), "images/no-such-file", /there is no such file/],
    [dir, "layout/not-found", /it has no index\.json/],
    [Buffer.alloc(0), "images/not-an-archive", /it is empty/],
    [tarOf([{ name: "etc/passwd", text: "x" }]), "images/not-an-archive", /it begins with "etc\/passwd"/],
    [tarOf([{ name: "repositories", text: "{}" }]), "images/not-an-archive", /before 1\.10/],
    [tarOf([{ name: "manifest.json", text: "[]" }]), "images/not-an-archive", /no images/],
    [tarOf([{ name: "manifest.json", text: '[{"Config":"x.json"}]' }]), "image/incomplete", /config "x\.json" is missing/],
    [tarOf([{ name: "manifest.json", text: '[{"Config":5}]' }]), "image/invalid", /"0\.Config"/],
    [tarOf([{ name: "index.json", text: "{" }]), "image/invalid", /it is not JSON/],
    [Buffer.from("plain text, surely no tar".repeat(60)), "tar/invalid", /./],
    [tar.subarray(0, 1024), "images/not-an-archive", /it may be cut off/],
    [tar.subarray(0, 1540), "tar/truncated", /./],
    [gzipSync(tar).subarray(0, 500), "images/corrupt-archive", /./],
  ] as const) {
    await t.throwsAsync(load(source), { code, message }, code);
    if (typeof source === "string") continue;
    const file = join(dir, "given.tar");
    writeFileSync(file, source);
    const error = await t.throwsAsync(load(file));
    t.true(error.message.includes(`"${file}"`), error.message);
  }
  // One flipped byte in a layer, for a store that does not have the blob yet.
  const damaged = Buffer.from(tar);
  const at = tar.indexOf(readFileSync(store.blobs.path(image.layers[0]?.blob.digest as never)));
  damaged[at + 40] = (damaged[at + 40] as number) ^ 1;
  await t.throwsAsync(other.load(Readable.from([damaged])), { code: "image/corrupt", message: /do not have that digest/ });
  t.deepEqual(other.list(), []);
  t.deepEqual(images.list(), before);
});

test("documents of an archive that lack a member, or say another size of a layer, are refused by name", async (t) => {
  const { images } = await rig(t).open();
  const blob = (text: string) => ({ name: `blobs/sha256/${digestHex(sha256(text))}`, text });
  const describe = (mediaType: string, text: string) => ({ mediaType, digest: sha256(text), size: text.length });
  const layer = "no tar";
  const diff_ids = [sha256(layer)];
  const config = JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids } });
  const manifest = {
    schemaVersion: 2,
    config: describe(mediaTypes.ociConfig, config),
    layers: [describe(mediaTypes.ociLayer, layer)],
  };
  const load = (document: object, settings = config, type: string = mediaTypes.ociManifest) => {
    const text = JSON.stringify(document);
    const index = JSON.stringify({ schemaVersion: 2, manifests: [describe(type, text)] });
    return images.load(Readable.from([tarOf([blob(layer), blob(settings), blob(text), { name: "index.json", text: index }])]));
  };
  const refused = (loading: Promise<unknown>, message: RegExp) => t.throwsAsync(loading, { code: "image/invalid", message });
  await refused(load({ ...manifest, layers: undefined }), /"layers" is missing$/);
  await refused(load({ schemaVersion: 2 }, config, mediaTypes.ociIndex), /"manifests" is missing$/);
  const bare = JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers" } });
  await refused(load({ ...manifest, config: describe(mediaTypes.ociConfig, bare) }, bare), /"rootfs\.diff_ids" is missing$/);
  await refused(images.load(Readable.from([tarOf([{ name: "index.json", text: "{}" }])])), /"manifests" is missing/);
  const wrong = { ...describe(mediaTypes.ociLayer, layer), size: 7 };
  await refused(load({ ...manifest, layers: [wrong] }), /has 6 bytes, and its manifest says 7$/);
  t.deepEqual(images.list(), []);
});
