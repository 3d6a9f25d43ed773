import { join } from "node:path";
import type { Store } from "../../cache/store.js";
import type { LayerId } from "../../cache/contract/layers.js";
import { isDigest } from "../../core/digest.js";
import { together } from "../../core/tasks/together.js";
import { compressionRecipe } from "../../oci/layer/write/compress.js";
import type { EarlierLayer } from "../../oci/layer/write/layer-writer.js";
import type { CompressionOptions, LayerTasks } from "../../oci/layer/model/tasks.js";
import type { ContentSource, LayerBlob, PackEntries, PackEntry, PackPlan } from "../../oci/layer/model/toc.js";
import type { LayerAccess } from "./layer-access.js";
import { type Reporter, sharedReporter } from "./ports.js";

export interface PackOptions {
  /** False: times stay as they are, whatever the build's epoch is. Default true. */
  readonly clamp?: boolean;
  /** Names what is packed, the same in every build: the layer that was packed under this name last is likely to be nearly the same. */
  readonly lineage?: string;
}

/** Kind of memo: the diffID of the last layer of a lineage. It may vanish; then all files are read. */
const MEMO = "lineage";

/**
 * Packs a plan into a layer of the store. Files that come out of other layers are read from the snapshot where there is one (in the worker, which
 * may read what mapped ids own), else picked out of the layer's blob first.
 */
export async function packLayer(
  service: LayerAccess,
  plan: PackPlan,
  compression: CompressionOptions,
  reporter: Reporter,
  options: PackOptions = {},
): Promise<LayerId> {
  const { store, tasks } = service;
  const epoch = (options.clamp ?? true) ? service.epoch : undefined;
  const located = await locateContent(service, plan, reporter);
  const out = store.blobs.temporaryPath();
  const params = { plan: located.plan, out, compression, ...(epoch === undefined ? {} : { epoch }) };
  const { lineage } = options;
  const { signal } = reporter;
  const packed: LayerBlob = located.mapped
    ? await tasks.packMapped(params, { signal })
    : ((await packHere(store, lineage, params, signal)) ?? (await tasks.pack(params, { signal })));
  if (lineage !== undefined) store.memo.set(MEMO, lineage, packed.diffId);
  store.blobs.adopt(out, packed.digest);
  return store.layers.addPacked(packed, compressionRecipe(compression)).id;
}

/** Plans up to these sizes are packed where they were made: until a thread has started and read a plan, they are done. */
const SMALL = { entries: 200, bytes: 4 << 20 };

type PackParams = Parameters<LayerTasks["pack"]>[0] & { readonly plan: PackPlan };

/** Packs on this thread what is small, or nearly all alike the last layer of its lineage; undefined for everything else. */
async function packHere(
  store: Pick<Store, "blobs" | "layers" | "memo">,
  lineage: string | undefined,
  params: PackParams,
  signal: AbortSignal,
): Promise<LayerBlob | undefined> {
  const { entries } = params.plan;
  const isSmall = entries.length <= SMALL.entries && sizeOf(entries) <= SMALL.bytes;
  const earlier = isSmall || lineage === undefined ? undefined : earlierLayer(store, lineage);
  if (!isSmall && !earlier) return undefined;
  const { pack, repack } = await import("../../oci/layer/write/pack.js");
  return earlier ? repack({ ...params, earlier }, signal) : pack(params, signal);
}

function sizeOf(entries: PackEntries): number {
  let sum = 0;
  for (const { size } of entries) sum += size;
  return sum;
}

/** The last layer of a lineage, when all of it is in the store. */
function earlierLayer({ blobs, layers, memo }: Pick<Store, "blobs" | "layers" | "memo">, lineage: string): EarlierLayer | undefined {
  const diffId = memo.get(MEMO, lineage)?.toString("utf8");
  if (diffId === undefined || !isDigest(diffId)) return undefined;
  const blob = layers.byDiffId(diffId)?.blob;
  const toc = blob && blobs.has(blob.digest) ? layers.toc(diffId) : undefined;
  return blob && toc ? { blob: blobs.path(blob.digest), toc } : undefined;
}

/** The plan with every `layer` source replaced by a path, and whether some of these paths belong to mapped ids. */
async function locateContent(
  service: LayerAccess,
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
  await together(reporter.signal, (signal) =>
    [...byLayer].map(async ([layer, paths]) => {
      const id = layer as LayerId;
      if (service.record(id).unpacked) {
        const directory = await service.snapshot(id, sharedReporter(reporter, signal));
        mapped = true;
        places.set(layer, (path) => join(directory, path));
      } else {
        places.set(layer, await extractContent(service, id, [...paths], sharedReporter(reporter, signal)));
      }
    }),
  );
  const locate = (source: ContentSource): ContentSource => {
    if (source.kind !== "layer") return source;
    const place = places.get(source.layer);
    if (!place) throw new Error(`internal: layer ${source.layer} was not located`);
    return { kind: "path", path: place(source.path) };
  };
  const entries = Array.from(plan.entries, (entry): PackEntry => (entry.source ? { ...entry, source: locate(entry.source) } : entry));
  return { plan: { ...plan, entries }, mapped };
}

/** Picks files out of a layer's blob into temporary files; answers where each is. */
export async function extractContent(
  service: LayerAccess,
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
