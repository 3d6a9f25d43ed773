import test from "ava";
import { type Digest, sha256 } from "../../../core/digest.js";
import type { BlobTarget } from "../../../oci/layout/complete.js";
import { imagesOf } from "../../../oci/layout/read.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { open } from "../../cache/support.js";

/** Makes a blob store in memory that counts reads. */
function countingBlobs() {
  const held = new Map<Digest, Buffer>();
  const counted = { reads: 0 };
  const refuse = (): never => {
    throw new Error("nothing is written");
  };
  const target: BlobTarget = {
    has: (digest) => held.has(digest),
    readSmall(digest) {
      counted.reads++;
      return held.get(digest) as Buffer;
    },
    size: (digest) => held.get(digest)?.length ?? 0,
    writeSmall: refuse,
    ingest: refuse,
    keep: refuse,
  };
  const put = (value: unknown) => {
    const bytes = Buffer.from(JSON.stringify(value));
    held.set(sha256(bytes), bytes);
    return { digest: sha256(bytes), size: bytes.length };
  };
  return { counted, target, put };
}

function layoutOf(names: number) {
  const blobs = countingBlobs();
  const config = {
    mediaType: mediaTypes.ociConfig,
    ...blobs.put({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [] } }),
  };
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] };
  const entry = { mediaType: mediaTypes.ociManifest, ...blobs.put(manifest) };
  const named = (n: number) => ({ ...entry, annotations: { "io.containerd.image.name": `docker.io/a/b:${n}` } });
  return { blobs, entries: Array.from({ length: names }, (_, n) => named(n)) };
}

test("an image is read once, however many names lead to it", (t) => {
  const reads = [10, 1000].map((names) => {
    const { blobs, entries } = layoutOf(names);
    const [image, ...others] = imagesOf(entries, blobs.target);
    t.is(others.length, 0);
    t.is(image?.names.length, names);
    return blobs.counted.reads;
  });
  t.is(reads[1], reads[0]);
});

test("naming an image many times changes index.json once", (t) => {
  const store = open(t.teardown);
  const blob = store.blobs.writeSmall("{}");
  const target = { mediaType: mediaTypes.ociManifest, ...blob };
  const { images } = store;
  let mirrored = 0;
  const mirror = (images as unknown as { mirror(): void }).mirror;
  Object.assign(images, { mirror: () => (mirrored++, mirror.call(images)) });
  images.setAll(Array.from({ length: 500 }, (_, n) => ({ name: `docker.io/a/b:${n}`, target, createdAt: 1 })));
  t.is(mirrored, 1);
  t.is(images.list().length, 500);
  t.throws(
    () =>
      images.setAll([
        { name: "docker.io/a/c:1", target, createdAt: 1 },
        { name: "docker.io/a/c:2", target: { ...target, digest: sha256("no") }, createdAt: 1 },
      ]),
    {
      code: "store/blob-missing",
    },
  );
  t.is(images.get("docker.io/a/c:1"), undefined);
});
