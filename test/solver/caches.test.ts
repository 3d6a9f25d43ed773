import test from "ava";
import type { Store } from "../../cache/store.js";
import { sha256 } from "../../core/digest.js";
import { mediaTypes } from "../../oci/media-types.js";
import { storeCache } from "../../solver/cache-adapter.js";
import { ImportedResults } from "../../solver/imported-results.js";
import { engineCacheConformance } from "../conformance/engine-cache.js";
import { resultIndexConformance } from "../conformance/result-index.js";
import { open, type OnEnd } from "../cache/support.js";
import { FakeCache } from "./engine/fakes.js";

function storeWithLayers(onEnd: OnEnd) {
  const store: Store = open(onEnd);
  const [a, b] = ["a", "b"].map((name) => {
    const blob = { mediaType: mediaTypes.ociLayerGzip, digest: sha256(name), size: 1 };
    return store.layers.addRemote({ diffId: sha256(`diff ${name}`), blob, origin: "registry" }).id;
  });
  return { store, layers: [a, b] as const as readonly [NonNullable<typeof a>, NonNullable<typeof b>] };
}

engineCacheConformance(test, "the cache of the tests", () => ({ cache: new FakeCache(), results: ["a", "b"] }));
engineCacheConformance(test, "the store's cache", (onEnd) => {
  const { store, layers } = storeWithLayers(onEnd);
  const [a, b] = layers.map((layer) => ({ kind: "layers", layers: [layer] }) as const);
  return { cache: storeCache(store), results: [a, b] as never };
});

resultIndexConformance(test, "the store's results", (onEnd) => {
  const { store, layers } = storeWithLayers(onEnd);
  return { results: store.results, layers };
});
resultIndexConformance(test, "results of the store and of imported caches", (onEnd) => {
  const { store, layers } = storeWithLayers(onEnd);
  return { results: new ImportedResults(store, () => undefined), layers };
});
