import { execFileSync, spawnSync } from "node:child_process";
import { createReadStream, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { gunzipSync, gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { openImageStore } from "../../../api/image-store/image-store.js";
import { withoutPodman } from "../../support/requires.js";
import type { ImageStore } from "../../../api/options/options.js";
import { openStore } from "../../../cache/open-store.js";
import { TsbuildError, UsageError } from "../../../core/errors.js";
import { digestHex, sha256 } from "../../../core/digest.js";
import { dockerTar } from "../../../exporters/docker-tar.js";
import type { ExportImage } from "../../../exporters/exporter.js";
import { imageStore } from "../../../exporters/image-store.js";
import { ociLayout } from "../../../exporters/oci-layout.js";
import { ociTar } from "../../../exporters/oci-tar.js";
import { importLayout, parseLayoutReference } from "../../../oci/layout/import.js";
import { mediaTypes } from "../../../oci/media-types.js";
import {
  exportContext,
  exportRequest,
  tarOf,
  temporaryDirectory,
  testImage,
  testLayer,
  testStore,
  type TestEntry,
} from "../../support/images/images.js";

const NAME = "docker.io/library/app:1";

interface Rig {
  readonly dir: string;
  /** Opens another store, empty, which is closed with the test. */
  open(): Promise<{ readonly images: ImageStore; readonly root: string }>;
}

function rig(t: ExecutionContext): Rig {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  let count = 0;
  return {
    dir: directory.path,
    async open() {
      const root = join(directory.path, `store${count++}`);
      const images = await openImageStore({ root });
      t.teardown(() => images.close());
      return { images, root };
    },
  };
}

/** Makes a store with one image: `app:1` with two layers. */
async function filled(
  t: ExecutionContext,
  names: readonly string[] = [NAME],
  layers: readonly (readonly TestEntry[])[] = [[{ name: "a", text: "a" }], [{ name: "b", text: "b" }]],
) {
  const there = rig(t);
  const { images, root } = await there.open();
  const store = openStore({ root });
  t.teardown(() => store.close());
  const image = testImage(layers.map((entries) => testLayer(store, entries)));
  const result = await imageStore(store).export(exportRequest([image], names), exportContext(store));
  return { ...there, images, root, store, image, digest: result.descriptor?.digest as ReturnType<typeof sha256> };
}

const collect = () => {
  const chunks: Buffer[] = [];
  return { chunks, sink: new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(Buffer.from(chunk)), done()) }) };
};

test("find an image by name, id, digest and their beginnings", async (t) => {
  const { images, digest } = await filled(t, [NAME, "ghcr.io/a/b:two"]);
  const [only] = images.list();
  t.deepEqual(only?.names, [NAME, "ghcr.io/a/b:two"]);
  const id = only?.id as string;
  for (const ref of [
    "app:1",
    "docker.io/library/app:1",
    "ghcr.io/a/b:two",
    id,
    id.slice(7),
    id.slice(7, 19),
    digest,
    digest.slice(7, 12),
    `app@${digest}`,
  ]) {
    t.is(images.get(ref).digest, digest, ref);
  }
  t.is(only?.platform, "linux/amd64");
  t.is(only?.created, "2024-01-02T03:04:05.678Z");
  t.true((only?.size ?? 0) > 500);
  t.throws(() => images.get("app"), { code: "images/not-found", message: 'Cannot find the image "app" in the local store' });
  t.like(
    t.throws(() => images.get("ap:1")),
    { hint: 'Did you mean "app:1"?' },
  );
  for (const [text, hint] of [
    ["nope", "tsbuild images lists what is there"],
    ["b:1", "tsbuild images lists what is there"],
    ["apq", 'Did you mean "app:1"?'],
    ["app:2", 'Did you mean "app:1"?'],
  ] as const) {
    t.is(t.throws(() => images.get(text), { instanceOf: TsbuildError })?.hint, hint, text);
  }
  images.tag("app:1", "app:1.2");
  images.tag("app:1", "app:slim");
  t.is(t.throws(() => images.get("app:2"), { instanceOf: TsbuildError })?.hint, 'app has the tags "1", "1.2", "slim"');
  t.is(t.throws(() => images.get("app:slin"), { instanceOf: TsbuildError })?.hint, 'Did you mean "app:slim"?');
  t.throws(() => images.get("A B"), { instanceOf: UsageError, code: "reference/invalid" });
  t.throws(() => images.tag("app:1", "a:b:c"), { instanceOf: UsageError, code: "reference/invalid" });
  t.throws(() => images.get("ffffffffffff"), { code: "images/not-found" });
  t.throws(() => images.get("Not A Name"), { code: "reference/invalid" });
});

test("image prune removes an image whose name another one has taken", async (t) => {
  const { images, digest, store } = await filled(t);
  const other = testImage([testLayer(store, [{ name: "new", text: "new" }])]);
  await imageStore(store).export(exportRequest([other], [NAME]), exportContext(store));
  store.close();
  t.is(images.list().length, 1);
  const { untagged, deleted, reclaimed } = await images.pruneImages();
  t.deepEqual(untagged, []);
  t.true(deleted.includes(digest));
  t.true(reclaimed > 0);
  t.deepEqual(images.list()[0]?.names, [NAME]);
  t.deepEqual(await images.verify(), []);
  t.deepEqual(await images.pruneImages(), { untagged: [], deleted: [], reclaimed: 0 });
});

test("tag and remove as docker does", async (t) => {
  const { images, digest, store } = await filled(t);
  images.tag("app:1", "other");
  t.deepEqual(images.get("other").names, [NAME, "docker.io/library/other:latest"]);
  t.throws(() => images.tag("app:1", `x@${digest}`), { code: "reference/invalid" });
  t.throws(() => images.remove(images.get("app:1").id), { code: "images/several-names" });
  t.deepEqual(images.remove("app:1"), { untagged: [NAME], deleted: [] });
  store.close();
  const { deleted } = images.remove("other");
  t.true(deleted.includes(digest));
  t.deepEqual(images.list(), []);
  t.throws(() => images.remove("other"), { code: "images/not-found" });
});

test("an image by its id goes with all its names when forced", async (t) => {
  const { images } = await filled(t, [NAME, "docker.io/library/b:1"]);
  t.deepEqual(images.remove(images.get("app:1").id, { force: true }).untagged, [NAME, "docker.io/library/b:1"]);
  t.deepEqual(images.list(), []);
});

test("inspect and history say what docker says", async (t) => {
  const { images, image, digest } = await filled(t);
  const found = images.inspect("app:1");
  t.like(found, {
    Id: images.get("app:1").id,
    RepoTags: ["app:1"],
    RepoDigests: [`app@${digest}`],
    Architecture: "amd64",
    Os: "linux",
    Comment: "test",
    RootFS: { Type: "layers", Layers: [...image.config.rootfs.diff_ids] },
    Config: { Env: ["PATH=/bin"], Cmd: ["/hello"] },
  });
  const history = images.history("app:1");
  t.deepEqual(
    history.map(({ createdBy, size, id }) => [createdBy, size, id]),
    [
      ["COPY 1", image.layers[1]?.blob.size, images.get("app:1").id],
      ["COPY 0", image.layers[0]?.blob.size, undefined],
    ] as never,
  );
});

test("save and load: the same image in another store, to a file and through a pipe, compressed or not", async (t) => {
  const { images, digest, dir, open } = await filled(t, [NAME, "ghcr.io/a/b:two"]);
  const { id } = images.get("app:1");
  const file = join(dir, "saved.tar");
  await images.save(["app:1", "ghcr.io/a/b:two", id], file);
  const { chunks, sink } = collect();
  await images.save(["app:1", "ghcr.io/a/b:two", id], sink);
  const tar = readFileSync(file);
  t.true(Buffer.concat(chunks).equals(tar));
  writeFileSync(`${file}.gz`, gzipSync(tar));
  mkdirSync(join(dir, "unpacked"));
  execFileSync("tar", ["xf", file, "-C", join(dir, "unpacked")]);
  const sources: readonly (string | Readable)[] = [
    file,
    `${file}.gz`,
    createReadStream(file, { highWaterMark: 700 }),
    createReadStream(`${file}.gz`, { highWaterMark: 3 }),
    join(dir, "unpacked"),
  ];
  for (const source of sources) {
    const other = await open();
    t.deepEqual(await other.images.load(source), [{ names: [NAME, "ghcr.io/a/b:two"], id, digest }]);
    t.is(other.images.get("ghcr.io/a/b:two").id, id);
    const again = collect();
    await other.images.save(["app:1", "ghcr.io/a/b:two"], again.sink);
    t.true(Buffer.concat(again.chunks).equals(tar));
  }
  const byId = collect();
  await images.save([id], byId.sink);
  const other = await open();
  t.deepEqual(await other.images.load(Readable.from([Buffer.concat(byId.chunks)])), [{ names: [], id, digest }]);
  await t.throwsAsync(images.save([], file), { code: "images/nothing-to-save" });
  await t.throwsAsync(images.save(["nope"], file), { code: "images/not-found" });
  t.true(readFileSync(file).equals(tar));
});

test("a repository without a tag is saved with all its tags, several of them in one archive", async (t) => {
  const { images, dir, open } = await filled(t, [NAME, "docker.io/library/app:2", "docker.io/library/application:1"]);
  const saved = async (...refs: string[]): Promise<readonly string[]> => {
    const file = join(dir, "all.tar");
    await images.save(refs, file);
    const other = await open();
    return (await other.images.load(file)).flatMap(({ names }) => names);
  };
  t.deepEqual(await saved("app"), [NAME, "docker.io/library/app:2"]);
  t.deepEqual(await saved("app:2"), ["docker.io/library/app:2"]);
  t.deepEqual(await saved("application", "docker.io/library/app"), ["docker.io/library/application:1", NAME, "docker.io/library/app:2"]);
  await t.throwsAsync(saved("ap"), { code: "images/not-found" });
  await t.throwsAsync(images.save(["app"], join(dir, "none/x.tar")), { code: "export/no-directory", instanceOf: UsageError });
});

test("pruning images removes those without a name, with what only they needed, and says how much that was", async (t) => {
  const { images, store } = await filled(t);
  const dangling = testImage([testLayer(store, [{ name: "big", text: "x".repeat(5000) }], "uncompressed")]);
  await imageStore(store).export(exportRequest([dangling]), exportContext(store));
  const other = await imageStore(store).export(exportRequest([testImage([])]), exportContext(store));
  const blobs = () => new Set([...store.blobs.list()].map(({ digest }) => digest));
  // The handle keeps its own writes as long as it is open.
  store.close();
  const before = blobs();
  const first = await images.pruneImages({ only: ({ digest }) => digest !== other.descriptor?.digest });
  t.deepEqual(first.untagged, []);
  t.true(first.deleted.includes(dangling.layers[0]?.blob.digest as ReturnType<typeof sha256>));
  t.deepEqual([...before].filter((digest) => !blobs().has(digest)).sort(), [...first.deleted].sort());
  t.true(first.reclaimed > 5000);
  t.deepEqual(
    images
      .list()
      .map(({ names }) => names.length)
      .sort(),
    [0, 1],
  );
  t.is((await images.pruneImages()).untagged.length, 0);
  t.deepEqual(
    images.list().map(({ names }) => names),
    [[NAME]],
  );
  t.deepEqual(await images.pruneImages(), { untagged: [], deleted: [], reclaimed: 0 });
  t.deepEqual((await images.pruneImages({ all: true })).untagged, [NAME]);
  t.deepEqual(images.list(), []);
});

test("what was loaded can be built on: the store knows its layers by diffID", async (t) => {
  const { images, image, dir, open } = await filled(t);
  await images.save(["app:1"], join(dir, "x.tar"));
  const other = await open();
  await other.images.load(join(dir, "x.tar"));
  const store = openStore({ root: other.root });
  t.teardown(() => store.close());
  for (const layer of image.layers) t.is(store.layers.byDiffId(layer.diffId)?.blob?.digest, layer.blob.digest);
  t.deepEqual(store.gc.verify(), []);
});

/**
 * Makes a docker archive as docker before 25, podman and skopeo do: no layout, layers as plain
 * tars, the second through a link.
 */
function dockerArchive(image: ExportImage, tars: readonly Buffer[], tags: readonly string[] | null, how: "docker" | "podman"): Buffer {
  const config = JSON.stringify(image.config);
  const id = sha256(config).slice(7);
  const text = (bytes: Buffer) => bytes.toString("latin1");
  const entries: { name: string; text?: string; type?: "symlink"; link?: string }[] = [{ name: `${id}.json`, text: config }];
  const layers: string[] = [];
  tars.forEach((tar, index) => {
    const name = how === "podman" ? `${sha256(tar).slice(7)}.tar` : `${String(index).repeat(64)}/layer.tar`;
    entries.push({ name, text: text(tar) });
    layers.push(name);
    if (how === "podman") entries.push({ name: `${String(index).repeat(64)}/layer.tar`, type: "symlink", link: `../${name}` });
    else entries.push({ name: `${String(index).repeat(64)}/VERSION`, text: "1.0" });
  });
  if (how === "docker") {
    entries.push({ name: `${"f".repeat(64)}/layer.tar`, type: "symlink", link: `../${"1".repeat(64)}/layer.tar` });
    layers[1] = `${"f".repeat(64)}/layer.tar`;
  }
  entries.push({ name: "manifest.json", text: JSON.stringify([{ Config: `${id}.json`, RepoTags: tags, Layers: layers }]) });
  return tarOf(entries);
}

for (const how of ["docker", "podman"] as const) {
  test(`an old ${how} archive: the image id stays, names become canonical`, async (t) => {
    const tars = [tarOf([{ name: "a", text: "a".repeat(100_000) }]), tarOf([{ name: "b", text: "b" }])];
    const image = {
      ...testImage([]),
      config: { ...testImage([]).config, rootfs: { type: "layers" as const, diff_ids: tars.map((tar) => sha256(tar)) } },
    };
    const { open } = rig(t);
    const { images, root } = await open();
    const loaded = await images.load(Readable.from([dockerArchive(image, tars, ["foo:1", "localhost/bar:2", "<none>:<none>"], how)]));
    t.deepEqual(
      loaded.map(({ names, id }) => ({ names, id })),
      [{ names: ["docker.io/library/foo:1", "localhost/bar:2"], id: sha256(JSON.stringify(image.config)) }],
    );
    const store = openStore({ root });
    t.teardown(() => store.close());
    t.is(store.layers.byDiffId(sha256(tars[0] as Buffer))?.blob?.mediaType, mediaTypes.ociLayer);
    const wrong = { ...image, config: { ...image.config, rootfs: { type: "layers" as const, diff_ids: [sha256("x"), sha256("y")] } } };
    await t.throwsAsync(images.load(Readable.from([dockerArchive(wrong, tars, ["foo:1"], how)])), {
      code: "image/incomplete",
      message: /instead of sha256:/,
    });
    t.is(images.get("foo:1").id, loaded[0]?.id ?? sha256(""));
  });
}

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

test("an abort ends a load, and nothing is named", async (t) => {
  const { images } = await rig(t).open();
  const abort = new AbortController();
  // A pipe that never says anything more.
  const endless = new Readable({ read: () => undefined });
  endless.push(tarOf([{ name: "blobs/sha256/x", text: "y" }]).subarray(0, 512));
  const unread = Readable.from([Buffer.alloc(10)]);
  const loading = images.load(unread, { signal: AbortSignal.abort() });
  await t.throwsAsync(loading, { code: "build/canceled" });
  t.true(unread.destroyed);
  const waiting = images.load(endless, { signal: abort.signal });
  setImmediate(() => abort.abort());
  await t.throwsAsync(waiting, { code: "build/canceled" });
  // One with a name that nobody writes to.
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const fifo = join(directory.path, "fifo");
  execFileSync("mkfifo", [fifo]);
  const silent = new AbortController();
  const opening = images.load(fifo, { signal: silent.signal });
  setImmediate(() => silent.abort());
  await t.throwsAsync(opening, { code: "build/canceled" });
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

test("exporters' archives load; podman and skopeo agree about ids", async (t) => {
  const { store, image, images, dir, open } = await filled(
    t,
    [NAME],
    [
      [
        { name: "bin", type: "dir", mode: 0o755 },
        { name: "bin/x", mode: 0o4755, text: "x" },
      ],
    ],
  );
  const { id, digest } = images.get("app:1");
  await ociTar({ dest: join(dir, "oci.tar") }).export(exportRequest([image], [NAME]), exportContext(store));
  await dockerTar({ dest: join(dir, "docker.tar") }).export(exportRequest([image], [NAME]), exportContext(store));
  const loaded = await (await open()).images.load(join(dir, "oci.tar"));
  t.deepEqual(loaded, [{ names: [NAME], id, digest }]);
  t.is((await (await open()).images.load(join(dir, "docker.tar")))[0]?.id, id);
  if (spawnSync("skopeo", ["--version"]).status === 0) {
    await images.save(["app:1"], join(dir, "save.tar"));
    for (const [from, to] of [
      ["docker-archive:save.tar:app:1", "docker-archive:copy1.tar:app:1"],
      ["oci-archive:save.tar:1", "oci-archive:copy2.tar:app:1"],
      ["docker-archive:docker.tar:app:1", "oci:copy3:app:1"],
    ] as const) {
      execFileSync("skopeo", ["copy", "-q", from, to], { cwd: dir });
      const path = join(dir, to.split(":")[1] as string);
      const [copy] = await (await open()).images.load(path);
      t.deepEqual(copy?.names, [NAME], to);
      if (to.startsWith("docker-archive")) t.is(copy?.id, id);
      if (to.startsWith("oci-archive")) t.is(copy?.digest, digest);
    }
  }
  if (process.getuid?.() === 0 && withoutPodman() === undefined) {
    await images.save(["app:1"], join(dir, "podman.tar"));
    const podman = (...args: readonly string[]) =>
      execFileSync("podman", ["--storage-driver=vfs", "--root", join(dir, "pod"), "--runroot", join(dir, "run"), ...args], {
        stdio: ["ignore", "pipe", "ignore"],
      }).toString();
    podman("load", "-i", join(dir, "podman.tar"));
    t.true(podman("images", "--no-trunc", "--format", "{{.ID}}").includes(id));
    podman("save", "-o", join(dir, "back.tar"), id.slice(7));
    t.is((await (await open()).images.load(join(dir, "back.tar")))[0]?.id, id);
  }
  t.is(gunzipSync(readFileSync(store.blobs.path(image.layers[0]?.blob.digest as never))).length % 512, 0);
  t.true(readdirSync(dir).length > 0);
});
