import test from "ava";
import { sha256 } from "../../../core/digest.js";
import { compressionRecipe } from "../../../oci/layer/write/compress.js";
import { recompress } from "../../../oci/layer/write/recompress.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { LayerService } from "../../../solver/layers/layer-service.js";
import type { LayerTaskRunner } from "../../../solver/layers/ports.js";
import { testLayer, testStore } from "../../support/images/images.js";

const REPORTER = { signal: new AbortController().signal, progress: () => undefined };
const PLAIN = { type: "uncompressed" } as const;

test("a layer is converted once as long as the result is in the store, also for builds that come later", async (t) => {
  const { store, close } = testStore();
  t.teardown(close);
  let count = 0;
  const tasks = { recompress: (...given: Parameters<typeof recompress>) => (count++, recompress(...given)) } as unknown as LayerTaskRunner;
  const service = () => new LayerService({ store, tasks, fetchBlob: () => (async function* () {})() });
  const { diffId, blob } = testLayer(store, [{ name: "a", text: "a".repeat(5000) }]);
  const { id } = store.layers.addRemote({ diffId, blob, origin: undefined });
  const first = await service().blobs.converted(id, PLAIN, REPORTER);
  t.is(first.mediaType, mediaTypes.ociLayer);
  t.is(first.digest, diffId);
  t.deepEqual(await service().blobs.converted(id, PLAIN, REPORTER), first);
  t.is(count, 1);
  t.is(store.layers.get(id)?.blob?.digest, blob.digest, "the layer keeps its own");
  // A blob in that form is used unchanged, whoever compressed it. The level is known only of our
  // own blobs.
  t.deepEqual(await service().blobs.converted(id, { type: "gzip", level: 9 }, REPORTER), blob);
  store.layers.setBlob(id, blob, compressionRecipe({ type: "gzip" }));
  t.deepEqual(await service().blobs.converted(id, { type: "gzip", level: 4 }, REPORTER), blob);
  t.is(count, 1);
  t.not((await service().blobs.converted(id, { type: "gzip", level: 9 }, REPORTER)).digest, blob.digest);
  store.blobs.remove(first.digest);
  t.is((await service().blobs.converted(id, PLAIN, REPORTER)).digest, first.digest);
  t.is(count, 3);
});

test("a layer that registries must not have is left where it is", async (t) => {
  const { store, close } = testStore();
  t.teardown(close);
  const tasks = { recompress: () => t.fail() } as unknown as LayerTaskRunner;
  const service = new LayerService({ store, tasks, fetchBlob: () => (async function* () {})() });
  const blob = { mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", digest: sha256("elsewhere"), size: 9 };
  const { id } = store.layers.addRemote({ diffId: sha256("content"), blob, origin: "docker.io/library/windows:1" });
  t.deepEqual(await service.blobs.converted(id, PLAIN, REPORTER), blob);
});
