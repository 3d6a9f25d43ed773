import { join } from "node:path";
import type { LayerId } from "../../cache/contract/layers.js";
import { compressionRecipe } from "../../oci/layer/compress.js";
import type { CompressionOptions } from "../../oci/layer/tasks.js";
import type { ContentSource, LayerBlob, PackEntry, PackPlan } from "../../oci/layer/toc.js";
import type { LayerService } from "./layer-service.js";
import type { Reporter } from "./ports.js";

/**
 * Packs a plan into a layer of the store. Files that come out of other layers are read from the snapshot where there is one (in the worker, which
 * may read what mapped ids own), else picked out of the layer's blob first.
 */
export async function packLayer(
  service: LayerService,
  plan: PackPlan,
  compression: CompressionOptions,
  reporter: Reporter,
  options: { /** False: times stay as they are, whatever the build's epoch is. Default true. */ readonly clamp?: boolean } = {},
): Promise<LayerId> {
  const { store, tasks } = service;
  const epoch = (options.clamp ?? true) ? service.epoch : undefined;
  const located = await locateContent(service, plan, reporter);
  const out = store.blobs.temporaryPath();
  const params = { plan: located.plan, out, compression, ...(epoch === undefined ? {} : { epoch }) };
  const packed: LayerBlob = await (located.mapped ? tasks.packMapped : tasks.pack)(params, { signal: reporter.signal });
  store.blobs.adopt(out, packed.digest);
  return store.layers.addPacked(packed, compressionRecipe(compression)).id;
}

/** The plan with every `layer` source replaced by a path, and whether some of these paths belong to mapped ids. */
async function locateContent(
  service: LayerService,
  plan: PackPlan,
  reporter: Reporter,
): Promise<{ readonly plan: PackPlan; readonly mapped: boolean }> {
  const byLayer = new Map<string, Set<string>>();
  for (const { source } of plan.entries) {
    if (source?.kind !== "layer") continue;
    const paths = byLayer.get(source.layer);
    if (paths) paths.add(source.path);
    else byLayer.set(source.layer, new Set([source.path]));
  }
  if (byLayer.size === 0) return { plan, mapped: false };
  const places = new Map<string, (path: string) => string>();
  let mapped = false;
  await Promise.all(
    [...byLayer].map(async ([layer, paths]) => {
      const id = layer as LayerId;
      if (service.record(id).unpacked) {
        const directory = service.store.layers.snapshotPath(id);
        mapped = true;
        places.set(layer, (path) => join(directory, path));
      } else {
        places.set(layer, await extractContent(service, id, [...paths], reporter));
      }
    }),
  );
  const locate = (source: ContentSource): ContentSource => {
    if (source.kind !== "layer") return source;
    const place = places.get(source.layer);
    if (!place) throw new Error(`internal: layer ${source.layer} was not located`);
    return { kind: "path", path: place(source.path) };
  };
  const entries = plan.entries.map((entry): PackEntry => (entry.source ? { ...entry, source: locate(entry.source) } : entry));
  return { plan: { ...plan, entries }, mapped };
}

/** Picks files out of a layer's blob into temporary files; answers where each is. */
export async function extractContent(
  service: LayerService,
  id: LayerId,
  paths: readonly string[],
  reporter: Reporter,
): Promise<(path: string) => string> {
  const directory = service.store.temporaryDirectory();
  const places = new Map(paths.map((path, index) => [path, join(directory, String(index))]));
  const files = [...places].map(([path, dest]) => ({ path, dest }));
  await service.reading(id, reporter, ({ blob, path }) =>
    service.tasks.extract({ blob: path, mediaType: blob.mediaType, files }, { signal: reporter.signal }),
  );
  return (path) => {
    const place = places.get(path);
    if (place === undefined) throw new Error(`internal: ${path} was not extracted from layer ${id}`);
    return place;
  };
}
