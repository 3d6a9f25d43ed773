import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { openImageStore } from "../../../api/image-store/image-store.js";
import type { ImageStore } from "../../../api/options/options.js";
import { openStore } from "../../../cache/open-store.js";
import { type Digest, sha256 } from "../../../core/digest.js";
import { CanceledError } from "../../../core/errors.js";
import type { BuildEvent } from "../../../core/events.js";
import type { ExportImage } from "../../../exporters/exporter.js";
import { imageStore } from "../../../exporters/image-store.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { createRegistryClient, type RegistryClient } from "../../../oci/registry/client.js";
import { exportContext, exportRequest, temporaryDirectory, testImage, testLayer } from "../../support/images/images.js";
import { fakeRegistry, hasRegistry, type RealRegistry, sendBytes, sendJson, startRegistry } from "../../support/servers/registry.js";
import { noCredentials } from "../../support/no-credentials.js";
import { notInstalled, requires } from "../../support/requires.js";

let registry: RealRegistry;
let client: RegistryClient;
test.before(async () => {
  if (!hasRegistry) return;
  registry = await startRegistry();
  client = createRegistryClient({ env: {}, credentials: { find: () => Promise.resolve(undefined) } });
});
test.after.always(async () => {
  client?.close();
  await registry?.stop();
});
const real = requires(hasRegistry ? undefined : notInstalled("docker-registry"));
const hasSkopeo = spawnSync("skopeo", ["--version"]).status === 0;

/** Makes a store with these images, each of several platforms, under names at the registry. */
async function stored(t: ExecutionContext, images: Readonly<Record<string, readonly string[]>> = {}) {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const root = join(directory.path, "store");
  const store = openStore({ root });
  t.teardown(() => store.close());
  const made = new Map<string, { readonly digest: Digest; readonly images: readonly ExportImage[] }>();
  for (const [name, platforms] of Object.entries(images)) {
    // Every platform has a layer of its own and one in common.
    const common = testLayer(store, [{ name: "common", text: name }]);
    const parts = platforms.map((platform) =>
      testImage([common, testLayer(store, [{ name: "own", text: `${name} ${platform}` }])], platform),
    );
    const result = await imageStore(store).export(exportRequest(parts, [`${registry.host}/${name}`]), exportContext(store));
    made.set(name, { digest: result.descriptor?.digest as Digest, images: parts });
  }
  const api = await openImageStore({ root });
  t.teardown(() => api.close());
  return { api, store, made, root };
}

/** Faults of a store, none when all is well. */
const problems = (store: ImageStore) => store.verify();

real("a push and a pull: the same bytes, the same id, and then nothing is left to do", async (t) => {
  const { api, made, root } = await stored(t, { "one/app:1": ["linux/amd64"] });
  const name = `${registry.host}/one/app:1`;
  const { digest } = made.get("one/app:1") as { readonly digest: Digest };
  const [pushed, ...others] = await api.push(name);
  t.deepEqual(others, []);
  t.like(pushed, { name, tag: "1" });
  t.is(pushed?.descriptor.digest, digest);
  t.is((await client.resolve(name)).digest, digest);
  if (hasSkopeo) {
    const inspect = ["inspect", "--tls-verify=false", `docker://${name}`];
    const inspected = JSON.parse(execFileSync("skopeo", inspect, { env: noCredentials(root) }).toString());
    t.is(inspected.Digest, digest);
  }

  const other = await stored(t);
  const events: BuildEvent[] = [];
  const [first] = await other.api.pull(name, { onEvent: (event) => events.push(event) });
  t.deepEqual(first, { name, tag: "1", digest, id: api.get(name).id, status: "downloaded" });
  t.deepEqual(other.api.inspect(name)["RootFS"], api.inspect(name)["RootFS"]);
  t.deepEqual(
    events.filter(({ type }) => type !== "progress").map(({ type }) => type),
    ["steps", "started", "completed"],
  );
  const finished = events.flatMap((event) => (event.type === "progress" && event.done ? [event.item] : []));
  // Config and two layers.
  t.is(finished.length, 3);
  t.is((await other.api.pull(name))[0]?.status, "up-to-date");
  t.deepEqual(await problems(other.api), []);
  // A build can depend on it: the layers are known.
  const [diffId] = (other.api.inspect(name)["RootFS"] as { readonly Layers: readonly Digest[] }).Layers;
  t.is(other.store.layers.byDiffId(diffId as Digest)?.origin, name);
});

real("a pull by digest has no name; it is found by the digest", async (t) => {
  const { api, made } = await stored(t, { "digest/app:1": ["linux/amd64"] });
  const { digest } = made.get("digest/app:1") as { readonly digest: Digest };
  await api.push(`${registry.host}/digest/app:1`);
  const other = await stored(t);
  const ref = `${registry.host}/digest/app:old@${digest}`;
  const [pulled] = await other.api.pull(ref);
  t.deepEqual([pulled?.name, pulled?.tag, pulled?.status], [`${registry.host}/digest/app@${digest}`, undefined, "downloaded"]);
  t.deepEqual(other.api.get(`${registry.host}/digest/app@${digest}`).names, []);
  t.is((await other.api.pull(ref))[0]?.status, "up-to-date");
  await t.throwsAsync(other.api.push(digest), { code: "images/push-needs-name", message: /only a name says where to/ });
});

real("a tag that moved is fetched again", async (t) => {
  const name = "moved/app:latest";
  const before = await stored(t, { [name]: ["linux/amd64"] });
  await before.api.push(`${registry.host}/moved/app`);
  const reader = await stored(t);
  await reader.api.pull(`${registry.host}/moved/app`);
  const after = await stored(t, { [name]: ["linux/amd64", "linux/arm64"] });
  await after.api.push(`${registry.host}/moved/app`);
  const [pulled] = await reader.api.pull(`${registry.host}/moved/app`);
  t.is(pulled?.status, "downloaded");
  t.is(reader.api.get(`${registry.host}/moved/app`).digest, after.made.get(name)?.digest as Digest);
});

real("one platform of an index is pushed as an image of its own", async (t) => {
  const name = `${registry.host}/single/app:1`;
  const source = await stored(t, { "single/app:1": ["linux/amd64", "linux/arm64"] });
  const arm = source.api.get(name).platforms.find(({ platform }) => platform === "linux/arm64");
  const [pushed] = await source.api.push(name, { platform: "linux/arm64" });
  t.is(pushed?.descriptor.digest, arm?.digest as Digest);
  t.is((await client.resolve(name)).digest, arm?.digest as Digest);
  await t.throwsAsync(source.api.push(name, { platform: "linux/s390x" }), {
    code: "image/no-platform",
    message: /linux\/amd64, linux\/arm64/,
  });
});

real("of an index only what is wanted is fetched; more of it can be added, and all of it goes back as it was", async (t) => {
  const name = `${registry.host}/multi/app:1`;
  const source = await stored(t, { "multi/app:1": ["linux/amd64", "linux/arm64", "linux/s390x"] });
  const digest = source.made.get("multi/app:1")?.digest as Digest;
  await source.api.push(name);

  const { api, store } = await stored(t);
  const here = (platform: number): boolean =>
    store.blobs.has(source.made.get("multi/app:1")?.images[platform]?.layers[1]?.blob.digest as Digest);
  const [pulled] = await api.pull(name, { platforms: ["linux/arm64"] });
  t.is(pulled?.digest, digest);
  t.deepEqual([here(0), here(1), here(2)], [false, true, false]);
  t.is(api.get(name).platform, "linux/arm64");

  // Only one platform is here: it alone can go elsewhere, but back to where all is, all can.
  api.tag(name, `${registry.host}/partial/app:1`);
  const [partial] = await api.push(`${registry.host}/partial/app:1`);
  t.is(partial?.onlyPlatform, "linux/arm64");
  t.is((await client.resolve(`${registry.host}/partial/app:1`)).mediaType, mediaTypes.ociManifest);
  api.tag(name, `${registry.host}/multi/app:2`);
  t.deepEqual(
    (await api.push(`${registry.host}/multi/app:2`)).map(({ onlyPlatform, descriptor }) => [onlyPlatform, descriptor.digest]),
    [[undefined, digest]],
  );

  await api.pull(name, { platforms: ["linux/amd64"] });
  t.deepEqual([here(0), here(1), here(2)], [true, true, false]);
  api.tag(name, `${registry.host}/two/app:1`);
  await t.throwsAsync(api.push(`${registry.host}/two/app:1`), {
    code: "image/incomplete",
    message: /linux\/s390x of its index is missing here$/,
  });

  t.is((await api.pull(name, { platforms: "all" }))[0]?.status, "downloaded");
  t.is((await api.pull(name, { platforms: "all" }))[0]?.status, "up-to-date");
  t.deepEqual(
    (await api.push(`${registry.host}/two/app:1`)).map(({ onlyPlatform }) => onlyPlatform),
    [undefined],
  );
  t.is((await client.resolve(`${registry.host}/two/app:1`)).digest, digest);
  t.deepEqual(await problems(api), []);
  await t.throwsAsync(api.pull(name, { platforms: ["linux/riscv64"] }), {
    code: "image/no-platform",
    message: /only linux\/amd64, linux\/arm64/,
  });
  await t.throwsAsync(api.pull(name, { platforms: ["nonsense"] }), { code: "platform/invalid" });
  const [manifest] = await api.pull(`${registry.host}/partial/app:1`);
  t.is(manifest?.status, "downloaded");
  await t.throwsAsync(api.pull(`${registry.host}/partial/app:1`, { platforms: ["linux/s390x"] }), { message: /it is for linux\/arm64$/ });
});

real("all tags", async (t) => {
  const { api } = await stored(t, { "tags/app:1": ["linux/amd64"], "tags/app:2": ["linux/amd64"], "tags/apple:3": ["linux/amd64"] });
  const repository = `${registry.host}/tags/app`;
  t.deepEqual(
    (await api.push(repository, { allTags: true })).map(({ tag }) => tag),
    ["1", "2"],
  );
  const other = await stored(t);
  t.deepEqual(
    (await other.api.pull(repository, { allTags: true })).map(({ name }) => name),
    [`${repository}:1`, `${repository}:2`],
  );
  t.is(other.api.list().length, 2);
  await t.throwsAsync(api.push(`${repository}:1`, { allTags: true }), { code: "images/all-tags" });
  await t.throwsAsync(api.pull(`${repository}:1`, { allTags: true }), { code: "images/all-tags" });
  await t.throwsAsync(api.push(`${registry.host}/none`, { allTags: true }), { code: "images/not-found" });
  await t.throwsAsync(api.push(`${registry.host}/tags/app:9`), { code: "images/not-found" });
});

real("what came from the same registry is mounted; what is gone from here is fetched where it came from", async (t) => {
  const { api } = await stored(t, { "origin/app:1": ["linux/amd64"] });
  const origin = `${registry.host}/origin/app:1`;
  await api.push(origin);
  const reader = await stored(t);
  await reader.api.pull(origin);
  const config = reader.api.inspect(origin)["RootFS"] as { readonly Layers: readonly Digest[] };
  const digests = config.Layers.map((diffId) => reader.store.layers.byDiffId(diffId)?.blob?.digest as Digest);
  for (const digest of digests) rmSync(reader.store.blobs.path(digest));

  // The same registry takes the layers over without their bytes.
  reader.api.tag(origin, `${registry.host}/mounted/app:1`);
  await reader.api.push(`${registry.host}/mounted/app:1`);
  t.deepEqual(
    digests.map((digest) => reader.store.blobs.has(digest)),
    [false, false],
  );
  t.true(await client.hasBlob(`${registry.host}/mounted/app`, digests[0] as Digest));

  const elsewhere = await startRegistry();
  t.teardown(() => elsewhere.stop());
  reader.api.tag(origin, `${elsewhere.host}/app:1`);
  await reader.api.push(`${elsewhere.host}/app:1`);
  t.deepEqual(
    digests.map((digest) => reader.store.blobs.has(digest)),
    [true, true],
  );
  t.is((await client.resolve(`${elsewhere.host}/app:1`)).digest, (await client.resolve(origin)).digest);
});

/** Makes up an image at a registry: manifest, config and one layer by path. */
function madeUp({ layer = Buffer.from("layer"), diffId = sha256("tar"), config = {} } = {}) {
  const configBytes = Buffer.from(
    JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [diffId] }, ...config }),
  );
  const data = gzipSync(layer);
  const descriptor = (bytes: Buffer, mediaType: string) => ({ mediaType, digest: sha256(bytes), size: bytes.length });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptor(configBytes, mediaTypes.ociConfig),
      layers: [descriptor(data, mediaTypes.ociLayerGzip)],
    }),
  );
  return { manifest, config: configBytes, data, blobs: new Map([configBytes, data].map((bytes) => [sha256(bytes) as string, bytes])) };
}

test("an abort ends a pull at once; no image is named, and the next pull goes on", async (t) => {
  const image = madeUp();
  const abort = new AbortController();
  const layer = sha256(image.data);
  const server = await fakeRegistry((request, response) => {
    if (request.url.includes("/manifests/")) return sendBytes(request, response, image.manifest, mediaTypes.ociManifest);
    // Half of the layer, and then nothing.
    if (request.url.endsWith(layer))
      return void response.writeHead(200, { "content-length": image.data.length }).write("x", () => abort.abort());
    sendBytes(request, response, image.blobs.get(request.url.slice(request.url.lastIndexOf("/") + 1)) as Buffer);
  });
  t.teardown(() => server.close());
  const { api } = await stored(t);
  const events: BuildEvent[] = [];
  await t.throwsAsync(api.pull(`${server.host}/a:1`, { signal: abort.signal, onEvent: (event) => events.push(event) }), {
    instanceOf: CanceledError,
    message: "The pull was canceled",
  });
  t.is(events.at(-1)?.type, "canceled");
  t.deepEqual(api.list(), []);
  server.handler = (request, response) =>
    request.url.includes("/manifests/")
      ? sendBytes(request, response, image.manifest, mediaTypes.ociManifest)
      : sendBytes(request, response, image.blobs.get(request.url.slice(request.url.lastIndexOf("/") + 1)) as Buffer);
  server.log.length = 0;
  t.is((await api.pull(`${server.host}/a:1`))[0]?.status, "downloaded");
  t.deepEqual(
    server.log.filter((line) => line.includes("/blobs/")),
    [`GET /v2/a/blobs/${layer}`],
  );
});

test("what is not what its digest says is refused, and so is what is no image", async (t) => {
  const image = madeUp();
  const artifact = Buffer.from(image.manifest.toString().replace(mediaTypes.ociLayerGzip, "application/vnd.example+json"));
  const server = await fakeRegistry((request, response) => {
    const wanted = request.url.slice(request.url.lastIndexOf("/") + 1);
    if (request.url.includes("/gone/"))
      return sendJson(response, 404, { errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] });
    if (request.url.includes("/manifests/"))
      return sendBytes(request, response, request.url.includes("/artifact/") ? artifact : image.manifest, mediaTypes.ociManifest);
    const bytes = image.blobs.get(wanted) as Buffer;
    sendBytes(request, response, request.url.includes("/damaged/") && wanted === sha256(image.data) ? Buffer.alloc(bytes.length) : bytes);
  });
  t.teardown(() => server.close());
  const { api, store } = await stored(t);
  await t.throwsAsync(api.pull(`${server.host}/damaged/a:1`), { code: "registry/digest-mismatch" });
  await t.throwsAsync(api.pull(`${server.host}/gone/a:1`), { code: "registry/not-found" });
  server.log.length = 0;
  await t.throwsAsync(api.pull(`${server.host}/artifact/a:1`), { code: "image/not-an-image" });
  await t.throwsAsync(api.pull(`${server.host}/fine/a:1`, { platforms: ["linux/s390x"] }), { code: "image/no-platform" });
  t.deepEqual(
    server.log.filter((line) => line.endsWith(sha256(image.data))),
    [],
    "no layer is fetched for nothing",
  );
  t.deepEqual(api.list(), []);
  t.deepEqual(
    [...store.blobs.list()].filter(
      ({ digest }) => digest === sha256(image.data) && !readFileSync(store.blobs.path(digest)).equals(image.data),
    ),
    [],
  );
});

test("a push that fails names what it was doing and leaves the store as it was", async (t) => {
  const server = await fakeRegistry((request, response) => void response.writeHead(request.method === "HEAD" ? 404 : 403).end());
  t.teardown(() => server.close());
  const { api, store } = await stored(t);
  const image = testImage([testLayer(store, [{ name: "file", text: "x" }])]);
  await imageStore(store).export(exportRequest([image], [`${server.host}/a:1`]), exportContext(store));
  const events: BuildEvent[] = [];
  await t.throwsAsync(api.push(`${server.host}/a:1`, { onEvent: (event) => events.push(event) }), {
    code: "registry/denied",
    message: /^Cannot push blob/,
  });
  t.is(events.at(-1)?.type, "failed");
  t.deepEqual(await problems(api), []);
});
