import test from "ava";
import { CACHE_CONFIG_TYPE } from "../../../cache/remote/config.js";
import { layersOf } from "../../../cache/remote/content.js";
import { cacheDocuments } from "../../../cache/remote/manifest.js";
import { cacheOrigin, parseCacheOrigin } from "../../../cache/remote/origin.js";
import { readConfig, readInlineRecords } from "../../../cache/remote/read-config.js";
import { writeConfig, writeInlineRecords } from "../../../cache/remote/write-config.js";
import { sha256 } from "../../../core/digest.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { tryParseReference } from "../../../oci/reference.js";
import { key } from "../support.js";
import { A, B, C, CONTENT, sorted } from "../../conformance/cache-backend.js";

test("config: what is written is read back, with and without a manifest; the same content gives the same bytes", (t) => {
  const annotated = writeConfig(CONTENT, { annotated: true });
  t.deepEqual(sorted(readConfig(annotated, "config", () => undefined)), sorted(CONTENT));
  const layers = new Map(layersOf(CONTENT).map((one) => [one.blob.digest as string, one]));
  const plain = writeConfig(CONTENT, { annotated: false });
  t.deepEqual(sorted(readConfig(plain, "config", (blob) => layers.get(blob))), sorted(CONTENT));
  const turned = { results: [...CONTENT.results].reverse(), mounts: CONTENT.mounts };
  t.deepEqual(writeConfig(turned, { annotated: false }), plain);
});

test("config: explanations come along, as long as BuildKit reads the config", (t) => {
  const written = (explain: string) => writeConfig({ ...CONTENT, explanations: [explain] }, { annotated: true });
  t.deepEqual(readConfig(written("packed"), "cache", () => undefined).explanations, ["packed"]);
  t.is(readConfig(written("x".repeat(1 << 20)), "cache", () => undefined).explanations, undefined);
  t.deepEqual(written("x".repeat(1 << 20)), writeConfig(CONTENT, { annotated: true }));
});

test("config: in BuildKit's form, layers by index and records by digest", (t) => {
  const config = JSON.parse(
    writeConfig({ results: [CONTENT.results[1] as (typeof CONTENT.results)[1]], mounts: [] }, { annotated: false }).toString(),
  );
  t.deepEqual(config.layers, [
    { blob: A.blob.digest, parent: -1 },
    { blob: B.blob.digest, parent: 0 },
  ]);
  const made = "2026-01-02T03:04:05.679Z";
  const records = [
    { digest: `sha256:${key("b")}`, layers: [{ layer: 1, createdAt: made }], tsbuild: { name: "RUN b", createdAt: made } },
    { digest: `sha256:${key("b again")}`, tsbuild: { primary: key("b") } },
  ];
  t.deepEqual(
    config.records,
    records.sort((a, b) => (a.digest < b.digest ? -1 : 1)),
  );
});

test("config: BuildKit's own records and chains that make no sense lead to nothing; a missing parent is layer 0", (t) => {
  const ours = (name: string, index: number) => ({
    digest: `sha256:${key(name)}`,
    layers: [{ layer: index, createdAt: "2026-01-02T03:04:05Z" }],
    tsbuild: { name, createdAt: "2026-01-02T03:04:05Z" },
  });
  const config = {
    layers: [
      { blob: A.blob.digest, parent: -1 },
      { blob: B.blob.digest },
      { blob: C.blob.digest, parent: 3 },
      { blob: A.blob.digest, parent: 2 },
      { blob: sha256("?"), parent: -1 },
    ],
    records: [
      { digest: sha256("source") },
      { digest: sha256("op"), layers: [{ layer: 1, createdAt: "2026-01-02T03:04:05.123456789Z" }], inputs: [[{ link: 0, selector: "s" }]] },
      { digest: sha256("chained"), chains: [{ layers: [0, 1] }] },
      ours("good", 1),
      ours("ring", 2),
      ours("beyond", 9),
      { digest: sha256("a later version's"), tsbuild: { something: "else" } },
      ours("undescribed", 4),
    ],
  };
  const layers = new Map([A, B, C].map((one) => [one.blob.digest as string, one]));
  const { results } = readConfig(Buffer.from(JSON.stringify(config)), "config", (blob) => layers.get(blob));
  t.deepEqual(
    results.map(({ name, layers: stack }) => [name, stack]),
    [["good", [A, B]]],
  );
  t.deepEqual(
    readConfig(Buffer.from("{}"), "config", () => undefined),
    { results: [], mounts: [], records: [] },
  );
  const negative = { blob: A.blob.digest, parent: -1, annotations: { mediaType: A.blob.mediaType, diffID: A.diffId, size: -1 } };
  for (const text of ['{"layers":[{"parent":"x"}]}', JSON.stringify({ layers: [negative] })]) {
    t.like(
      t.throws(() => readConfig(Buffer.from(text), "config", () => undefined)),
      { code: "image/invalid" },
      text,
    );
  }
});

test("config: a chain of more layers than anything can stack leads to nothing", (t) => {
  const layers = Array.from({ length: 1001 }, (_, index) => ({ blob: A.blob.digest, parent: index - 1 }));
  const records = [1000, 999].map((layer) => ({ digest: sha256("op"), layers: [{ layer }] }));
  const read = readConfig(Buffer.from(JSON.stringify({ layers, records })), "config", () => A);
  t.deepEqual(
    read.records?.map(({ result }) => result?.layers.length),
    [undefined, 1000],
  );
});

test("inline: records of what lies within the image, by the number of the layer", (t) => {
  const stack = [A, B];
  const records = writeInlineRecords(CONTENT, stack);
  const names = readInlineRecords(records, stack, "image").results.map(({ name, layers }) => [name, layers.length]);
  t.deepEqual(names.sort(), [
    ["RUN a", 1],
    ["RUN b", 2],
    ["nothing", 0],
  ]);
});

test("manifests: image manifest, OCI index, Docker list; all name config, layers and mounts", (t) => {
  const types = [
    [{ imageManifest: true, oci: true }, mediaTypes.ociManifest],
    [{ imageManifest: false, oci: true }, mediaTypes.ociIndex],
    [{ imageManifest: false, oci: false }, mediaTypes.dockerList],
  ] as const;
  for (const [form, mediaType] of types) {
    const { manifest, config } = cacheDocuments(CONTENT, form);
    const value = JSON.parse(manifest.bytes.toString());
    t.is(manifest.descriptor.mediaType, mediaType);
    t.is(value.mediaType, mediaType);
    const entries = form.imageManifest ? [...value.layers, value.config] : value.manifests;
    t.is(entries.length, 5);
    t.like(entries.at(-1), { mediaType: CACHE_CONFIG_TYPE, digest: config.descriptor.digest });
    t.like(entries[0], {
      mediaType: form.oci ? mediaTypes.ociLayerGzip : mediaTypes.dockerLayerGzip,
      annotations: { "containerd.io/uncompressed": A.diffId, "buildkit/createdat": "2026-01-02T03:04:05.678Z" },
    });
  }
});

test("origins: caches are distinguished from images", (t) => {
  const origin = cacheOrigin({ type: "s3", bucket: "b", region: "r", prefix: "p/", endpoint: undefined });
  t.deepEqual(parseCacheOrigin(origin), { type: "s3", bucket: "b", region: "r", prefix: "p/" });
  t.is(parseCacheOrigin("cache:1"), undefined);
  t.is(tryParseReference(origin), undefined);
});
