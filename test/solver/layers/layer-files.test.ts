import { setMaxListeners } from "node:events";
import { readFileSync, statSync } from "node:fs";
import test from "ava";
import { layerTasks } from "../../../oci/layer/task-table.js";
import { LayerService } from "../../../solver/layers/layer-service.js";
import type { LayerTaskRunner } from "../../../solver/layers/ports.js";
import { testLayer, testStore } from "../../support/images/images.js";

const REPORTER = { signal: new AbortController().signal, progress: () => undefined };
// Many steps wait for one layer, as with the signal of a build.
setMaxListeners(0, REPORTER.signal);
const STEPS = 40;

/** Counts tasks, and the bytes that they read. */
function counting() {
  const counts = { extract: 0, index: 0, cut: 0, bytes: 0 };
  const whole = (name: "extract" | "index", blob: string) => {
    counts[name]++;
    counts.bytes += statSync(blob).size;
  };
  const tasks: Pick<LayerTaskRunner, "scan" | "extract" | "index" | "cut"> = {
    scan: (params) => layerTasks.scan(params),
    extract: (params) => (whole("extract", params.blob), layerTasks.extract(params)),
    index: (params) => (whole("index", params.blob), layerTasks.index(params)),
    cut: (params) => {
      counts.cut++;
      for (const { size } of params.parts) counts.bytes += size;
      return layerTasks.cut(params);
    },
  };
  return { counts, tasks: tasks as LayerTaskRunner };
}

for (const compression of ["uncompressed", "gzip"] as const) {
  test(`many steps that copy from one layer do not each read all of it: ${compression}`, async (t) => {
    const { store, close } = testStore();
    t.teardown(close);
    const { counts, tasks } = counting();
    const layers = new LayerService({ store, tasks, fetchBlob: () => (async function* () {})() });
    const files = Array.from({ length: STEPS }, (_, i) => ({ name: `f${i}`, text: `${i} `.repeat(300) }));
    const { diffId, blob } = testLayer(store, files, compression);
    const { id } = store.layers.addRemote({ diffId, blob, origin: undefined });
    await layers.toc([id], 0, REPORTER);
    for (const { name, text } of files) t.is(readFileSync((await layers.files(id, [name], REPORTER))(name), "utf8"), text);
    t.is(counts.extract + counts.index, 3);
    const content = files.reduce((sum, { text }) => sum + text.length, 0);
    t.true(counts.bytes <= 3 * blob.size + content, `${counts.bytes} bytes were read`);
  });
}

test("steps that want files at the same time share one index", async (t) => {
  const { store, close } = testStore();
  t.teardown(close);
  const { counts, tasks } = counting();
  const layers = new LayerService({ store, tasks, fetchBlob: () => (async function* () {})() });
  const { diffId, blob } = testLayer(store, [{ name: "a", text: "a" }], "uncompressed");
  const { id } = store.layers.addRemote({ diffId, blob, origin: undefined });
  const places = await Promise.all(Array.from({ length: STEPS }, () => layers.files(id, ["a"], REPORTER)));
  for (const place of places) t.is(readFileSync(place("a"), "utf8"), "a");
  t.deepEqual([counts.extract, counts.index, counts.cut], [2, 1, STEPS - 2]);
});
