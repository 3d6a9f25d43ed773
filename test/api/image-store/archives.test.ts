import { execFileSync, spawnSync } from "node:child_process";
import { createReadStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gunzipSync, gzipSync } from "node:zlib";
import test from "ava";
import { withoutPodman } from "../../support/requires.js";
import { openStore } from "../../../cache/open-store.js";
import { UsageError } from "../../../core/errors.js";
import { sha256 } from "../../../core/digest.js";
import { dockerTar } from "../../../exporters/docker-tar.js";
import type { ExportImage } from "../../../exporters/exporter.js";
import { ociTar } from "../../../exporters/oci-tar.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { exportContext, exportRequest, tarOf, temporaryDirectory, testImage } from "../../support/images/images.js";
import { NAME, rig, filled, collect } from "./rig.js";

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
