import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import test from "ava";
import { type Digest, sha256 } from "../../core/digest.js";
import { dockerTar } from "../../exporters/docker-tar.js";
import type { Exporter, ExportImage, ExportRequest } from "../../exporters/exporter.js";
import { imageStore } from "../../exporters/image-store.js";
import { ociLayout } from "../../exporters/oci-layout.js";
import { ociTar } from "../../exporters/oci-tar.js";
import { registryPush } from "../../exporters/registry-push.js";
import { mediaTypes } from "../../oci/media-types.js";
import { createRegistryClient } from "../../oci/registry/client.js";
import type { Descriptor } from "../../oci/types.js";
import { exportRequest, testImage, testLayer } from "../support/images/images.js";
import { fakeRegistry, hasRegistry, startRegistry } from "../support/servers/registry.js";
import { noCredentials } from "../support/no-credentials.js";
import { notInstalled, requires, withoutProgram } from "../support/requires.js";
import { NAMES, json, list, rig, run, stacked } from "./export-rig.js";

test("type=oci: a sorted, undated layout with the names as BuildKit writes them", async (t) => {
  const { store, dir } = rig(t);
  const request = exportRequest([stacked(store)], NAMES);
  const dest = join(dir, "out.tar");
  const result = await run(ociTar({ dest }), request, store);
  const { lines, files } = list(readFileSync(dest));
  t.deepEqual(lines.slice(0, 2), ["dir 755 0:0 0 blobs", "dir 755 0:0 0 blobs/sha256"]);
  t.deepEqual([...files.keys()].slice(-2), ["index.json", "oci-layout"]);
  t.deepEqual([...files.keys()], [...files.keys()].sort());
  for (const [name, bytes] of files) if (name.startsWith("blobs/")) t.is(`blobs/sha256/${sha256(bytes).slice(7)}`, name);
  const index = json(files.get("index.json"));
  t.deepEqual(
    index.manifests.map((entry: { annotations: unknown }) => entry.annotations),
    NAMES.map((name) => ({
      "io.containerd.image.name": name,
      "org.opencontainers.image.created": "2024-01-02T03:04:05Z",
      "org.opencontainers.image.ref.name": name.split(":")[1],
    })),
  );
  t.is(result.descriptor?.digest, index.manifests[0].digest);
  t.is(result.metadata["image.name"], NAMES.join(","));
  t.is(result.metadata["containerimage.digest"], index.manifests[0].digest);
  const again = join(dir, "again.tar");
  await run(ociTar({ dest: again }), request, store);
  t.true(readFileSync(dest).equals(readFileSync(again)));
  t.deepEqual(readdirSync(dir).sort(), ["again.tar", "out.tar"]);
  const dated = join(dir, "dated.tar");
  await run(ociTar({ dest: dated }), { ...request, epoch: 0 }, store);
  t.is(
    json(list(readFileSync(dated)).files.get("index.json")).manifests[0].annotations["org.opencontainers.image.created"],
    "1970-01-01T00:00:00Z",
  );
});

test("type=docker: a docker archive that is a layout too; one platform only", async (t) => {
  const { store, dir } = rig(t);
  const image = stacked(store);
  const dest = join(dir, "out.tar");
  await run(dockerTar({ dest }), exportRequest([image], NAMES), store);
  const { files } = list(readFileSync(dest));
  const [entry] = json(files.get("manifest.json"));
  t.deepEqual(entry.RepoTags, ["app:1", "ghcr.io/a/b:two"]);
  t.deepEqual(
    entry.Layers.map((path: string) => files.has(path)),
    [true, true],
  );
  t.deepEqual(json(files.get(entry.Config)).rootfs.diff_ids, image.config.rootfs.diff_ids);
  t.is(json(files.get("index.json")).manifests[0].mediaType, mediaTypes.dockerManifest);
  await t.throwsAsync(run(dockerTar({ dest }), exportRequest([image, image]), store), { code: "export/several-platforms" });
});

test("tar=false: a layout directory keeps its other images and changes at the end", async (t) => {
  const { store, dir } = rig(t);
  const dest = join(dir, "layout");
  const first = await run(ociLayout({ dest }), exportRequest([stacked(store)], [NAMES[0] as string]), store);
  const other = testImage([testLayer(store, [{ name: "x", text: "y" }])]);
  const second = await run(ociLayout({ dest }), exportRequest([other], [NAMES[1] as string]), store);
  const digests = () => json(readFileSync(join(dest, "index.json"))).manifests.map((entry: { digest: string }) => entry.digest);
  t.deepEqual(digests(), [first.descriptor?.digest, second.descriptor?.digest]);
  await run(ociLayout({ dest }), exportRequest([other], [NAMES[0] as string]), store);
  t.deepEqual(digests(), [second.descriptor?.digest, second.descriptor?.digest]);
  for (const name of readdirSync(join(dest, "blobs/sha256")))
    t.is(sha256(readFileSync(join(dest, "blobs/sha256", name))), `sha256:${name}` as Digest);
  const unnamed = await run(ociLayout({ dest }), exportRequest([stacked(store)]), store);
  await run(ociLayout({ dest }), exportRequest([other]), store);
  const latest = json(readFileSync(join(dest, "index.json"))).manifests.filter(
    (entry: Descriptor) => entry.annotations?.["org.opencontainers.image.ref.name"] === "latest",
  );
  t.deepEqual(
    latest.map((entry: Descriptor) => entry.digest),
    [second.descriptor?.digest],
    "one image is latest",
  );
  t.is(unnamed.metadata["image.name"], undefined);
  writeFileSync(join(dir, "file"), "");
  await t.throwsAsync(run(ociLayout({ dest: dir }), exportRequest([other]), store), { code: "export/not-a-layout" });
  t.deepEqual(readdirSync(dir).sort(), ["file", "layout"]);
});

test("oci-mediatypes: each exporter writes the types that are asked for; what only OCI has turns them", async (t) => {
  const { store, dir } = rig(t);
  const image = stacked(store);
  const types = async (exporter: Exporter, more: Partial<ExportRequest>): Promise<readonly (string | undefined)[]> => {
    const { descriptor } = await run(exporter, exportRequest([image], [], more), store);
    return [descriptor?.mediaType];
  };
  for (const [name, exporter] of [
    ["oci", ociTar],
    ["docker", dockerTar],
    ["layout", ociLayout],
  ] as const) {
    t.deepEqual(await types(exporter({ dest: join(dir, name) }), { mediaTypes: "docker" }), [mediaTypes.dockerManifest], name);
    t.deepEqual(await types(exporter({ dest: join(dir, name) }), { mediaTypes: "oci" }), [mediaTypes.ociManifest], name);
  }
  const { descriptor } = await run(imageStore(store), exportRequest([image], NAMES, { mediaTypes: "docker" }), store);
  const manifest = json(store.blobs.readSmall(descriptor?.digest as Digest));
  t.deepEqual(
    [manifest.mediaType, manifest.config.mediaType, ...manifest.layers.map((layer: Descriptor) => layer.mediaType)],
    [mediaTypes.dockerManifest, mediaTypes.dockerConfig, mediaTypes.dockerLayerGzip, mediaTypes.dockerLayer],
  );
});

test("an image without a name is called by its prefix and digest; without a store nothing is kept", async (t) => {
  const { store } = rig(t);
  const request = exportRequest([stacked(store)], [], { danglingPrefix: "dangling" });
  const before = [...store.blobs.list()].length;
  const { metadata, descriptor } = await run(imageStore(undefined), request, store);
  t.is(metadata["image.name"], `dangling@${descriptor?.digest}`);
  t.is(metadata["containerimage.digest"], descriptor?.digest);
  t.deepEqual([store.images.list(), [...store.blobs.list()].length], [[], before]);
  await run(imageStore(store), request, store);
  await run(imageStore(store), exportRequest([stacked(store)], ["docker.io/library/app"]), store);
  t.deepEqual(
    store.images.list().map(({ name, target }) => [name, target.digest]),
    [[undefined, descriptor?.digest as Digest]],
  );
});

test("type=image: the store knows the image and its layers; again is no change", async (t) => {
  const { store } = rig(t);
  const image = stacked(store);
  const result = await run(imageStore(store), exportRequest([image], NAMES), store);
  t.is(store.images.get(NAMES[0] as string)?.target.digest, result.descriptor?.digest);
  t.is(store.layers.byDiffId(image.layers[0]?.diffId as Digest)?.blob?.digest, image.layers[0]?.blob.digest);
  const before = store.images.list();
  await run(imageStore(store), exportRequest([image], NAMES), store);
  t.deepEqual(store.images.list(), before);
  await run(imageStore(store), exportRequest([testImage([])]), store);
  t.is(store.images.list().filter(({ name }) => name === undefined).length, 1);
});

requires(hasRegistry ? undefined : notInstalled("docker-registry"))(
  "type=registry: blobs, manifests, tag; the next repository mounts",
  async (t) => {
    const { store, dir } = rig(t);
    const registry = await startRegistry();
    const client = createRegistryClient({ env: {}, credentials: { find: async () => undefined } });
    t.teardown(async () => {
      client.close();
      await registry.stop();
    });
    const names = [`${registry.host}/a/one:1`, `${registry.host}/a/one:2`, `${registry.host}/b/two:1`];
    const image = stacked(store);
    const request = exportRequest([image, testImage(image.layers, "linux/arm64")], names);
    const result = await run(registryPush({ client }), request, store);
    for (const name of names) t.is((await client.resolve(name)).digest, result.descriptor?.digest as Digest);
    if (spawnSync("skopeo", ["--version"]).status === 0) {
      const inspect = ["inspect", "--tls-verify=false", `docker://${names[2]}`];
      const inspected = JSON.parse(execFileSync("skopeo", inspect, { env: noCredentials(dir) }).toString());
      t.deepEqual(
        inspected.Layers,
        image.layers.map((layer) => layer.blob.digest),
      );
    }
    await t.throwsAsync(run(registryPush({ client }), exportRequest([image]), store), { code: "export/no-name" });
  },
);

test("a layer that may be elsewhere is brought only when the registry does not take it over", async (t) => {
  const { store } = rig(t);
  for (const [mounts, expected] of [
    [true, 0],
    [false, 1],
  ] as const) {
    let brought = 0;
    const fake = await fakeRegistry((request, response) => {
      const query = new URL(request.url, "http://fake").searchParams;
      const mounted = mounts ? query.get("mount") : null;
      const has = (digest: string) => response.writeHead(201, { "docker-content-digest": digest }).end();
      if (request.method === "HEAD") response.writeHead(404).end();
      else if (request.method === "POST" && mounted === null) response.writeHead(202, { location: "/upload" }).end();
      else has(mounted ?? query.get("digest") ?? sha256(request.body));
    });
    const client = createRegistryClient({ env: {}, credentials: { find: async () => undefined } });
    const layer = testLayer(store, [{ name: `file-${mounts}`, text: "x" }]);
    const bytes = readFileSync(store.blobs.path(layer.blob.digest));
    rmSync(store.blobs.path(layer.blob.digest));
    const bring = async () => {
      brought++;
      store.blobs.writeSmall(bytes);
    };
    const image = testImage([{ ...layer, origin: `${fake.host}/base:1`, bring }]);
    try {
      await run(registryPush({ client }), exportRequest([image], [`${fake.host}/x:1`]), store);
    } finally {
      client.close();
      await fake.close();
    }
    t.is(brought, expected);
    t.is(existsSync(store.blobs.path(layer.blob.digest)), !mounts);
  }
});

test("a push that fails says why and stops the other uploads", async (t) => {
  const { store } = rig(t);
  const fake = await fakeRegistry((request, response) => void response.writeHead(request.method === "HEAD" ? 404 : 403).end());
  const client = createRegistryClient({ env: {}, credentials: { find: async () => undefined } });
  t.teardown(async () => {
    client.close();
    await fake.close();
  });
  await t.throwsAsync(run(registryPush({ client }), exportRequest([stacked(store)], [`${fake.host}/x:1`]), store), {
    code: "registry/denied",
    message: /^Cannot push blob sha256:/,
  });
});

requires(withoutProgram("skopeo"), withoutProgram("umoci"))("skopeo and umoci read what is written", async (t) => {
  const { store, dir } = rig(t);
  const image = stacked(store);
  await run(ociTar({ dest: join(dir, "oci.tar") }), exportRequest([image], [NAMES[0] as string]), store);
  await run(dockerTar({ dest: join(dir, "docker.tar") }), exportRequest([image], NAMES), store);
  await run(ociLayout({ dest: join(dir, "layout") }), exportRequest([image], [NAMES[0] as string]), store);
  for (const source of ["oci-archive:oci.tar:1", "docker-archive:docker.tar:app:1", "oci:layout:1"]) {
    const inspected = JSON.parse(execFileSync("skopeo", ["inspect", "--config", source], { cwd: dir }).toString());
    t.deepEqual(inspected.rootfs.diff_ids, image.config.rootfs.diff_ids, source);
  }
  execFileSync("umoci", ["unpack", "--rootless", "--image", "layout:1", "bundle"], { cwd: dir, stdio: "ignore" });
  t.is(readFileSync(join(dir, "bundle/rootfs/dir/fresh"), "utf8"), "fresh");
  t.false(existsSync(join(dir, "bundle/rootfs/gone")));
  const layer = image.layers[0] as ExportImage["layers"][number];
  t.is(sha256(gunzipSync(readFileSync(store.blobs.path(layer.blob.digest)))), layer.diffId);
});
