import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { build } from "../../../api/build/build.js";
import { openImageStore } from "../../../api/image-store/image-store.js";
import { findImage, type ImageSource } from "../../../api/image-store/lookup.js";
import type { BuildOptions, BuildResult, ImageStore } from "../../../api/options/options.js";
import type { ImageIndex } from "../../../cache/contract/images.js";
import { type Digest, sha256 } from "../../../core/digest.js";
import { temporaryDirectory } from "../../support/images/images.js";

/** Makes a store, with builds into it that differ in nothing that the id is made of. */
async function rig(t: ExecutionContext): Promise<{ readonly images: ImageStore; build(options: BuildOptions): Promise<BuildResult> }> {
  const { path, remove } = temporaryDirectory();
  const context = join(path, "context");
  mkdirSync(context);
  writeFileSync(join(context, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
  const root = join(path, "store");
  const images = await openImageStore({ root });
  t.teardown(() => {
    images.close();
    remove();
  });
  return { images, build: (options) => build({ context, root, platforms: ["linux/amd64"], ...options }) };
}

const digestOf = ({ descriptor }: BuildResult) => descriptor?.digest as Digest;

test("an id that several images have means the one that was built last, also when it was there already", async (t) => {
  const { images, build: run } = await rig(t);
  const first = await run({ annotations: { rev: "1" } });
  const second = await run({ annotations: { rev: "2" } });
  t.is(first.imageId, second.imageId);
  t.not(digestOf(first), digestOf(second));
  for (const ref of [first.imageId, first.imageId.slice("sha256:".length), first.imageId.slice("sha256:".length, 19)])
    t.is(images.get(ref).digest, digestOf(second), ref);
  // Its own digest is nobody else's.
  for (const one of [first, second]) t.is(images.get(digestOf(one)).digest, digestOf(one));
  const several = await run({ platforms: ["linux/amd64", "linux/arm64"] });
  t.is(several.imageId, first.imageId);
  t.is(images.get(first.imageId).digest, digestOf(several));
  await run({ annotations: { rev: "1" } });
  t.is(images.get(first.imageId).digest, digestOf(first));
  t.is((images.inspect(first.imageId)["Descriptor"] as { digest: string }).digest, digestOf(first));
  images.tag(first.imageId, "app:1");
  t.is(images.get("app:1").digest, digestOf(first));
  t.is(images.history(first.imageId).length, 1);
  await images.save([first.imageId], "/dev/null");
  images.remove(first.imageId);
  t.throws(() => images.get("app:1"), { code: "images/not-found" });
  t.is(images.get(first.imageId).digest, digestOf(several), "the next is what was built before");
});

test("without a history of builds an id means the image that came last", async (t) => {
  const { images, build: run } = await rig(t);
  const first = await run({ annotations: { rev: "1" }, history: false });
  const second = await run({ annotations: { rev: "2" }, history: false });
  t.is(images.get(first.imageId).digest, digestOf(second));
});

test("a beginning that several ids have is ambiguous, one that several images of one id have is not", (t) => {
  const entry = (name: string, createdAt: number) => ({
    name: undefined,
    createdAt,
    target: { mediaType: "", digest: sha256(name), size: 1 },
  });
  const [a, b] = [entry("a", 1), entry("b", 2)];
  const source = (digests: readonly [Digest, Digest]): ImageSource => ({
    images: {
      get: () => undefined,
      list: () => [a, b],
      find: () => [
        { ...a, digests: [digests[0]] },
        { ...b, digests: [digests[1]] },
      ],
    } as unknown as ImageIndex,
    builds: { list: () => [], get: () => undefined },
  });
  t.throws(() => findImage("abcd", source([sha256("one"), sha256("other")])), { code: "images/ambiguous", message: /2 have such an id/ });
  t.is(findImage("abcd", source([sha256("one"), sha256("one")])).target.digest, b.target.digest);
  t.is(findImage("abcd", source([a.target.digest, a.target.digest])).target.digest, a.target.digest);
});
