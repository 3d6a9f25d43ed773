import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { hasSwift, startSwift } from "../../support/servers/swift.js";
import type { CacheSource, CacheTarget } from "../../../cache/remote/backend.js";
import { CACHE_CONFIG_TYPE } from "../../../cache/remote/config.js";
import { layersOf, type TransferContent } from "../../../cache/remote/content.js";
import { ghaSource, ghaTarget, hasActionsCache } from "../../../cache/remote/gha.js";
import { CacheHttp } from "../../../cache/remote/http.js";
import { localSource, localTarget } from "../../../cache/remote/local-directory.js";
import { cacheDocuments } from "../../../cache/remote/manifest.js";
import { cacheOrigin, parseCacheOrigin } from "../../../cache/remote/origin.js";
import { readConfig, readInlineRecords } from "../../../cache/remote/read-config.js";
import { registrySource, registryTarget } from "../../../cache/remote/registry.js";
import { s3Source, s3Target } from "../../../cache/remote/s3.js";
import { sendCache } from "../../../cache/remote/send.js";
import { EMPTY_PAYLOAD, signRequest } from "../../../cache/remote/signature-v4.js";
import { writeConfig, writeInlineRecords } from "../../../cache/remote/write-config.js";
import { sha256 } from "../../../core/digest.js";
import { mediaTypes } from "../../../oci/media-types.js";
import type { Clock } from "../../../net/retry.js";
import { tryParseReference } from "../../../oci/reference.js";
import { createRegistryClient } from "../../../oci/registry/client.js";
import { hasRegistry, startRegistry } from "../../support/servers/registry.js";
import { key, temporaryRoot } from "../support.js";
import { A, B, C, conforms, CONTENT, outgoing, sorted } from "../../conformance/cache-backend.js";
import { actionsToken, CREDENTIALS, type FakeService, startActionsCache, startS3 } from "./fake-services.js";
import { notInstalled, requires } from "../../support/requires.js";

const signal = new AbortController().signal;
const clock: Clock = { now: () => Date.now(), sleep: async () => undefined, random: () => 0 };
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

for (const form of [
  { imageManifest: true, oci: true },
  { imageManifest: false, oci: true },
  { imageManifest: false, oci: false },
]) {
  test(`local directory: conforms (${JSON.stringify(form)})`, async (t) => {
    const directory = join(temporaryRoot(t.teardown), "cache");
    await conforms(t, () => ({ target: localTarget({ dest: directory, form }), source: localSource({ src: directory }) }));
  });
}

test("local directory: tags beside each other, a digest instead of a tag, reset", async (t) => {
  const directory = join(temporaryRoot(t.teardown), "cache");
  const form = { imageManifest: true, oci: true };
  const part = (from: number, to: number): TransferContent => ({ results: CONTENT.results.slice(from, to), mounts: [] });
  const send = (tag: string, content: TransferContent, reset = false) =>
    sendCache(
      localTarget({ dest: directory, tag, form, reset }),
      content,
      outgoing(t, []).filter(({ descriptor }) => layersOf(content).some(({ blob }) => blob.digest === descriptor.digest)),
      { signal, progress: () => undefined },
    );
  await send("one", part(0, 1));
  await send("two", part(1, 2));
  const names = async (source: CacheSource) => (await source.load({ signal }))?.results.map(({ name }) => name);
  t.deepEqual(await names(localSource({ src: directory, tag: "one" })), ["RUN a"]);
  t.deepEqual(await names(localSource({ src: directory, tag: "two" })), ["RUN b"]);
  t.is(await names(localSource({ src: directory })), undefined);
  const { manifest } = cacheDocuments(part(0, 1), form);
  t.deepEqual(await names(localSource({ src: directory, digest: manifest.descriptor.digest })), ["RUN a"]);
  await t.throwsAsync(localSource({ src: directory, digest: sha256("?") }).load({ signal }), { message: /it is not there/ });
  await send("two", part(2, 3), true);
  t.deepEqual(await names(localSource({ src: directory, tag: "one" })), ["RUN a"]);
  // Two manifests, two configs, layers a and c; layer b went.
  t.is(readdirSync(join(directory, "blobs/sha256")).length, 6);
});

test("local directory: other directories are left alone", async (t) => {
  const directory = temporaryRoot(t.teardown);
  writeFileSync(join(directory, "notes"), "mine");
  const target = localTarget({ dest: directory, form: { imageManifest: true, oci: true } });
  t.like(await t.throwsAsync(target.finish(CONTENT, { signal })), { code: "export/not-a-layout" });
  t.deepEqual(readdirSync(directory), ["notes"]);
});

requires(hasRegistry ? undefined : notInstalled("docker-registry"))("registry: conforms, in every form", async (t) => {
  const registry = await startRegistry();
  const client = createRegistryClient({ env: {} });
  t.teardown(async () => {
    client.close();
    await registry.stop();
  });
  let number = 0;
  for (const form of [
    { imageManifest: true, oci: true },
    { imageManifest: false, oci: false },
  ]) {
    const ref = `${registry.host}/cache-${++number}`;
    await conforms(t, () => ({ target: registryTarget(ref, form, async () => client), source: registrySource(ref, async () => client) }));
  }
});

test("signatures: the examples of the S3 documentation", async (t) => {
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
  const sign = async (method: string, path: string, headers: Record<string, string>, payload: string) => {
    const url = new URL(path, "https://examplebucket.s3.amazonaws.com");
    const signed = await signRequest({ method, url, headers, payload }, credentials, "us-east-1", new Date("2013-05-24T00:00:00Z"));
    return signed["authorization"]?.replace(/^.*Signature=/, "");
  };
  t.is(
    await sign("GET", "/test.txt", { range: "bytes=0-9" }, EMPTY_PAYLOAD),
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  );
  t.is(
    await sign(
      "PUT",
      "/test%24file.text",
      { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
      "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    ),
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  );
  t.is(await sign("GET", "/?lifecycle", {}, EMPTY_PAYLOAD), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  t.is(await sign("GET", "/?max-keys=2&prefix=J", {}, EMPTY_PAYLOAD), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
});

async function started(t: ExecutionContext, starting: Promise<FakeService>, env: Record<string, string> = {}) {
  const service = await starting;
  const http = new CacheHttp({ env, clock });
  t.teardown(async () => {
    http[Symbol.dispose]();
    await service.close();
  });
  return { service, http };
}

test("S3: conforms with the bucket in the path; a broken answer is asked for again", async (t) => {
  const { service, http } = await started(t, startS3("eu-test-1"));
  const options = {
    bucket: "my bucket",
    region: "eu-test-1",
    prefix: "pre/",
    endpointUrl: service.url,
    usePathStyle: true,
    ...CREDENTIALS,
  };
  service.failures.push({ match: /^PUT/, status: 503, times: 2 });
  await conforms(t, () => ({ target: s3Target(options, http, {}), source: s3Source(options, http, {}) }));
  t.true(service.objects.has(`/my bucket/pre/blobs/${A.blob.digest}`));
  t.true(service.objects.has("/my bucket/pre/manifests/buildkit"));
  // The objects are from 1970: they are dated again when they are met again.
  t.is(service.log.filter((line) => line === `PUT /my%20bucket/pre/blobs/${A.blob.digest.replace(":", "%3A")}`).length >= 2, true);
});

test("S3: the bucket as part of the host, several names", async (t) => {
  const starting = await startS3("r");
  const { service, http } = await started(t, Promise.resolve(starting), { HTTP_PROXY: starting.url });
  const options = { bucket: "b", region: "r", names: ["one", "two"], endpointUrl: "http://s3.test", ...CREDENTIALS };
  await conforms(t, () => ({ target: s3Target(options, http, {}), source: s3Source(options, http, {}) }));
  t.true(service.objects.has("/manifests/one") && service.objects.has("/manifests/two"));
});

const withSwift = requires(hasSwift ? undefined : notInstalled("swift"));

withSwift("S3: conforms with a server that was not written here, which checks signatures", async (t) => {
  const swift = await startSwift();
  const http = new CacheHttp({ env: {}, clock });
  t.teardown(async () => {
    http[Symbol.dispose]();
    await swift.stop();
  });
  const { url, bucket, region, accessKeyId, secretAccessKey } = swift;
  const options = { bucket, region, accessKeyId, secretAccessKey, prefix: "a b/", endpointUrl: url, usePathStyle: true };
  await conforms(t, () => ({ target: s3Target(options, http, {}), source: s3Source(options, http, {}) }));
  // Dated again by a copy onto itself, and whole afterwards.
  await conforms(t, () => ({
    target: s3Target({ ...options, prefix: "c/", touchRefresh: -1 }, http, {}),
    source: s3Source({ ...options, prefix: "c/" }, http, {}),
  }));
  await t.throwsAsync(s3Source({ ...options, secretAccessKey: "wrong" }, http, {}).load({ signal }), {
    code: "cache/denied",
    message: /answered 403 \(SignatureDoesNotMatch/,
  });
  await t.throwsAsync(s3Source({ ...options, accessKeyId: "test:stranger" }, http, {}).load({ signal }), { code: "cache/denied" });
});

test("S3: wrong credentials, damaged objects and missing settings are reported", async (t) => {
  const { service, http } = await started(t, startS3("r"));
  const options = { bucket: "b", region: "r", endpointUrl: service.url, usePathStyle: true };
  const stranger = { ...options, accessKeyId: "AKIATEST", secretAccessKey: "wrong" };
  const denied = await t.throwsAsync(s3Source(stranger, http, {}).load({ signal }));
  t.like(denied, {
    code: "cache/denied",
    message: `Cannot read manifests/buildkit from bucket "b": ${new URL(service.url).host} answered 403 (SignatureDoesNotMatch)`,
  });
  const source = s3Source({ ...options, ...CREDENTIALS }, http, {});
  service.objects.set(`/b/blobs/${A.blob.digest}`, Buffer.from("layer x"));
  await t.throwsAsync(
    async () => {
      for await (const chunk of source.blob(A.blob, { signal })) t.truthy(chunk);
    },
    { message: /its bytes have another digest/ },
  );
  t.like(
    t.throws(() => s3Source({ region: "r" }, http, {})),
    { code: "options/invalid", hint: "Give bucket=… or set AWS_BUCKET" },
  );
});

const TOKEN = actionsToken([
  { Scope: "refs/heads/topic", Permission: 3 },
  { Scope: "refs/heads/main", Permission: 1 },
]);

for (const version of [1, 2] as const) {
  test(`GitHub Actions cache, version ${version}: conforms; keys as BuildKit has them`, async (t) => {
    const { service, http } = await started(t, startActionsCache(TOKEN));
    const options = { token: TOKEN, version, url: service.url, urlV2: `${service.url}/` };
    await conforms(t, () => ({ target: ghaTarget(options, http, {}), source: ghaSource(options, http, {}) }));
    const branch = sha256("refs/heads/topic").slice(7, 15);
    t.deepEqual(
      [...service.objects.keys()].filter((name) => name.startsWith("index")),
      [`index-buildkit-1-${branch}#1`, `index-buildkit-1-${branch}#2`],
    );
    t.true(service.objects.has(`buildkit-blob-1-${A.blob.digest}`));
    const other = { ...options, scope: "other" };
    t.is(await ghaSource(other, http, {}).load({ signal }), undefined);
  });
}

test("GitHub Actions cache: a branch reads its base's cache too", async (t) => {
  const base = actionsToken([{ Scope: "refs/heads/main", Permission: 3 }]);
  const { service, http } = await started(t, startActionsCache(TOKEN, base));
  const send = (token: string, at: number) => {
    const content = { results: CONTENT.results.slice(at, at + 1), mounts: [] };
    const digests = layersOf(content).map(({ blob }) => blob.digest);
    const blobs = outgoing(t, []).filter(({ descriptor }) => digests.includes(descriptor.digest));
    return sendCache(ghaTarget({ token, urlV2: service.url }, http, {}), content, blobs, { signal, progress: () => undefined });
  };
  const names = async (token: string) =>
    (await ghaSource({ token, urlV2: service.url }, http, {}).load({ signal }))?.results.map(({ name }) => name);
  await send(base, 0);
  t.deepEqual(await names(TOKEN), ["RUN a"]);
  await send(TOKEN, 1);
  t.deepEqual(await names(TOKEN), ["RUN b", "RUN a"]);
  t.deepEqual(await names(base), ["RUN a"]);
});

test("GitHub Actions cache: outside of Actions there is none; a token without branches and a time that is over are reported", async (t) => {
  t.false(hasActionsCache({}, {}));
  t.true(hasActionsCache({}, { ACTIONS_RUNTIME_TOKEN: TOKEN, ACTIONS_RESULTS_URL: "https://results" }));
  t.true(hasActionsCache({}, { ACTIONS_RUNTIME_TOKEN: TOKEN, ACTIONS_CACHE_URL: "https://cache" }));
  const { service, http } = await started(t, startActionsCache(TOKEN));
  t.like(
    t.throws(() => ghaSource({ token: "x.y.z", urlV2: service.url }, http, {})),
    { code: "cache/no-credentials" },
  );
  const late = ghaSource({ token: TOKEN, urlV2: service.url, timeout: 0 }, http, {});
  t.like(await t.throwsAsync(late.load({ signal })), { code: "cache/timeout" });
});

test("sending: the first failure stops the rest and nothing becomes visible", async (t) => {
  const finished: string[] = [];
  const target: CacheTarget = {
    name: "fake",
    put: async ({ descriptor }, { signal: until }) => {
      if (descriptor.digest === B.blob.digest) throw new Error("full");
      await new Promise((resolve) => until.addEventListener("abort", resolve, { once: true }));
    },
    finish: async () => void finished.push("finished"),
  };
  await t.throwsAsync(sendCache(target, CONTENT, outgoing(t, []), { signal, progress: () => undefined }), { message: "full" });
  t.deepEqual(finished, []);
});

test("a layout directory that vanished is no cache", async (t) => {
  const directory = join(temporaryRoot(t.teardown), "cache");
  mkdirSync(directory);
  const source = localSource({ src: directory });
  t.is(await source.load({ signal }), undefined);
  rmSync(directory, { recursive: true });
  t.is(await source.load({ signal }), undefined);
});
