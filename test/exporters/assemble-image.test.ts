import test from "ava";
import { parseAnnotations } from "../../exporters/annotations.js";
import { assembleImage } from "../../exporters/assemble-image.js";
import { mediaTypes } from "../../oci/media-types.js";
import type { Descriptor } from "../../oci/types.js";
import { testImage } from "../support/images/images.js";
import { json, rig, stacked } from "./export-rig.js";

test("an image's documents are the same bytes every time, and what BuildKit would write", (t) => {
  const { store } = rig(t);
  const image = stacked(store);
  const one = assembleImage([image], "oci", parseAnnotations({ z: "1", a: "2" }));
  const again = [structuredClone({ ...image, layers: [] }), image].slice(1);
  t.deepEqual(one, assembleImage(again, "oci", parseAnnotations({ a: "2", "manifest:z": "1" })));
  const manifest = json(one.documents.get(one.target.digest));
  t.deepEqual(Object.keys(manifest), ["schemaVersion", "mediaType", "config", "layers", "annotations"]);
  t.is(manifest.layers[1].mediaType, mediaTypes.ociLayer);
  t.is(JSON.stringify(manifest.annotations), '{"a":"2","z":"1"}');
  t.is(one.target.platform?.architecture, "amd64");
  const docker = assembleImage([image], "docker");
  t.is(docker.target.mediaType, mediaTypes.dockerManifest);
  t.deepEqual(
    docker.layers.map((layer) => layer.mediaType),
    [mediaTypes.dockerLayerGzip, mediaTypes.dockerLayer],
  );
  t.is(docker.configs[0].digest, one.configs[0].digest);
  const zstd = {
    ...image,
    layers: image.layers.map((layer) => ({ ...layer, blob: { ...layer.blob, mediaType: mediaTypes.ociLayerZstd } })),
  };
  t.is(assembleImage([zstd], "docker").target.mediaType, mediaTypes.ociManifest);
  const two = assembleImage([image, testImage(image.layers, "linux/arm64")], "oci", parseAnnotations({ "index:k": "v" }));
  t.is(two.target.mediaType, mediaTypes.ociIndex);
  t.is(json(two.documents.get(two.target.digest)).manifests[1].platform.architecture, "arm64");
  t.is(two.layers.length, 2);
});

/** Annotations as users spell them, and where they then stand. */
const ANNOTATIONS: readonly (readonly [Readonly<Record<string, string>>, object])[] = [
  [{ k: "v" }, { amd64: { k: "v" }, arm64: { k: "v" } }],
  [
    { "manifest:k": "v", "index:i": "w" },
    { index: { i: "w" }, amd64: { k: "v" }, arm64: { k: "v" } },
  ],
  [{ "index,manifest:k": "v" }, { index: { k: "v" }, amd64: { k: "v" }, arm64: { k: "v" } }],
  [{ "manifest[linux/arm64]:k": "v" }, { arm64: { k: "v" } }],
  [
    { "manifest[linux/arm64/v8]:k": "own", "manifest:k": "all" },
    { amd64: { k: "all" }, arm64: { k: "own" } },
  ],
  [{ "manifest-descriptor:k": "v" }, { "amd64 descriptor": { k: "v" }, "arm64 descriptor": { k: "v" } }],
  [
    { "manifest-descriptor[linux/amd64],index-descriptor:a:b": "v" },
    { "index descriptor": { "a:b": "v" }, "amd64 descriptor": { "a:b": "v" } },
  ],
];

for (const [texts, expected] of ANNOTATIONS) {
  test(`annotations stand where docker puts them: ${Object.keys(texts).join(" ")}`, (t) => {
    const { store } = rig(t);
    const image = stacked(store);
    const { target, documents } = assembleImage([image, testImage(image.layers, "linux/arm64")], "docker", parseAnnotations(texts));
    const index = json(documents.get(target.digest));
    const found: Record<string, unknown> = { "index descriptor": target.annotations, index: index.annotations };
    for (const { digest, annotations, platform } of index.manifests as (Descriptor & { platform: { architecture: string } })[]) {
      found[platform.architecture] = json(documents.get(digest)).annotations;
      found[`${platform.architecture} descriptor`] = annotations;
    }
    t.deepEqual(Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)), expected);
    // Docker's documents have no place for them but in manifests.
    const own = Object.keys(texts).every((text) => !/index|descriptor/.test(text));
    t.is(target.mediaType, own ? mediaTypes.dockerList : mediaTypes.ociIndex);
  });
}

test("an annotation that has no place is refused, and says why", (t) => {
  const { store } = rig(t);
  const image = stacked(store);
  const refused = (texts: Record<string, string>, code: string, message: RegExp): void => {
    t.throws(() => assembleImage([image], "oci", parseAnnotations(texts)), { code, message });
  };
  refused({ "index:k": "v" }, "export/no-index", /"k".*single platform/);
  refused({ "index-descriptor:k": "v" }, "export/no-index", /single platform/);
  refused({ "manifest[linux/s390x]:k": "v" }, "options/annotation", /linux\/s390x: it is not built/);
  refused({ "image:k": "v" }, "options/annotation", /"image" is none of manifest/);
  refused({ "index[linux/amd64]:k": "v" }, "options/annotation", /an index is for all platforms/);
  refused({ "manifest:": "v" }, "options/annotation", /no key/);
});
