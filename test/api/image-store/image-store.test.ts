import test from "ava";
import { TsbuildError, UsageError } from "../../../core/errors.js";
import type { sha256 } from "../../../core/digest.js";
import { imageStore } from "../../../exporters/image-store.js";
import { exportContext, exportRequest, testImage, testLayer } from "../../support/images/images.js";
import { NAME, filled } from "./rig.js";

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
