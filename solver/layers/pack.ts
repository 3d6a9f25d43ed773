import { join } from "node:path";
import type { Store } from "../../cache/store.js";
import type { LayerId } from "../../cache/contract/layers.js";
import { collectGarbage } from "../../core/system/collect-garbage.js";
import { isDigest } from "../../core/digest.js";
import { allOrAbort } from "../../core/tasks/all-or-abort.js";
import { packedPlan } from "../../oci/layer/write/packed-plan.js";
import { compressionRecipe } from "../../oci/layer/write/compress.js";
import type { EarlierLayer } from "../../oci/layer/write/layer-writer.js";
import type { CompressionOptions, LayerTasks } from "../../oci/layer/model/tasks.js";
import type { ContentSource, LayerBlob, PackEntries, PackEntry, PackPlan, PackedPlan } from "../../oci/layer/model/toc.js";
import type { LayerAccess } from "./layer-access.js";
import { type Reporter, sharedReporter } from "./ports.js";

interface PackOptions {
  /** False keeps times, whatever the build's epoch is. Default true. */
  readonly clamp?: boolean;
  /**
   * Name of the packed content, the same in every build. The layer that was packed under this name
   * last is probably nearly equal.
   */
  readonly contentName?: string;
}

/**
 * Kind of memo: the diffID of the last layer of a name. A memo may vanish; then all files are read.
 */
const MEMO = "lineage";

/**
 * Packs a plan into a layer of the store. Reads files of other layers from the snapshot where there
 * is one (in the worker, which may read files of mapped ids), else extracts them from the layer's
 * blob first.
 */
export async function packLayer(
  service: LayerAccess,
  plan: Plan,
  compression: CompressionOptions,
  reporter: Reporter,
  options: PackOptions = {},
): Promise<LayerId> {
  const { store, tasks } = service;
  const epoch = (options.clamp ?? true) ? service.epoch : undefined;
  const out = store.blobs.temporaryPath();
  const { contentName } = options;
  const { signal } = reporter;
  const common = { out, compression, ...(epoch === undefined ? {} : { epoch }) };
  const begun = await begin(service, plan, common, reporter, contentName);
  if (!("diffId" in begun) && begun.entries > MANY) collectGarbage();
  const packed = "diffId" in begun ? begun : await tasks[begun.task]({ plan: begun.plan, ...common }, { signal });
  if (contentName !== undefined) store.memo.set(MEMO, contentName, packed.diffId);
  store.blobs.adopt(out, packed.digest);
  return store.layers.addPacked(packed, compressionRecipe(compression)).id;
}

/**
 * Entries of a plan from which memory is freed at once, which takes a tenth of a second. This
 * thread allocates nothing while it waits, so the engine would not free it.
 */
const MANY = 50_000;

/** A plan, or a function that makes it, which nobody else then holds while the layer is written. */
export type Plan = PackPlan | (() => Promise<PackPlan>);

/** A layer that was packed here, or a task that another thread or process has to run. */
type Begun = LayerBlob | { readonly task: "pack" | "packMapped"; readonly plan: PackedPlan; readonly entries: number };

/**
 * Packs here, or encodes the plan for another thread or process. Note that this is a function of
 * its own, because a plan takes some hundred bytes a file, and is freed when it returns.
 */
async function begin(
  service: LayerAccess,
  plan: Plan,
  common: Omit<PackParams, "plan">,
  reporter: Reporter,
  contentName: string | undefined,
): Promise<Begun> {
  const { signal } = reporter;
  const located = await locateContent(service, typeof plan === "function" ? await plan() : plan, reporter);
  if (located.plan.entries.length > MANY) collectGarbage();
  const here = located.mapped ? undefined : await packInProcess(service.store, contentName, { ...common, plan: located.plan }, signal);
  if (here) return here;
  const entries = located.plan.entries.length;
  return { task: located.mapped ? "packMapped" : "pack", plan: await packedPlan(located.plan, common.epoch, signal), entries };
}

/** Largest plans that this thread packs. Such a plan takes less time than the start of a thread. */
const SMALL = { entries: 200, bytes: 4 << 20 };

type PackParams = Parameters<LayerTasks["pack"]>[0] & { readonly plan: PackPlan };

/**
 * Packs small plans, or plans nearly equal to the last layer of their name, on this thread. Returns
 * undefined for all others.
 */
async function packInProcess(
  store: Pick<Store, "blobs" | "layers" | "memo">,
  contentName: string | undefined,
  params: PackParams,
  signal: AbortSignal,
): Promise<LayerBlob | undefined> {
  const { entries } = params.plan;
  const isSmall = entries.length <= SMALL.entries && sizeOf(entries) <= SMALL.bytes;
  const earlier = isSmall || contentName === undefined ? undefined : earlierLayer(store, contentName);
  if (!isSmall && !earlier) return undefined;
  const { pack, repack } = await import("../../oci/layer/write/pack.js");
  return earlier ? repack({ ...params, earlier }, signal) : pack(params, signal);
}

function sizeOf(entries: PackEntries): number {
  let sum = 0;
  for (const { size } of entries) sum += size;
  return sum;
}

/** Returns the last layer of a name, when all of it is in the store. */
function earlierLayer({ blobs, layers, memo }: Pick<Store, "blobs" | "layers" | "memo">, contentName: string): EarlierLayer | undefined {
  const diffId = memo.get(MEMO, contentName)?.toString("utf8");
  if (diffId === undefined || !isDigest(diffId)) return undefined;
  const blob = layers.byDiffId(diffId)?.blob;
  const toc = blob && blobs.has(blob.digest) ? layers.toc(diffId) : undefined;
  return blob && toc ? { blob: blobs.path(blob.digest), toc } : undefined;
}

/**
 * Returns the plan with every `layer` source replaced by a path, and whether some of these paths
 * belong to mapped ids.
 */
async function locateContent(
  service: LayerAccess,
  plan: PackPlan,
  reporter: Reporter,
): Promise<{ readonly plan: PackPlan; readonly mapped: boolean }> {
  if (plan.entries.located) return { plan, mapped: false };
  const used = new Set<string>();
  for (const { source } of plan.entries) if (source?.kind === "layer") used.add(source.layer);
  if (used.size === 0) return { plan, mapped: false };
  const places = new Map<string, (path: string) => string>();
  let mapped = false;
  await allOrAbort(reporter.signal, (signal) =>
    [...used].map(async (layer) => {
      const id = layer as LayerId;
      if (service.record(id).unpacked) {
        const directory = await service.snapshot(id, sharedReporter(reporter, signal));
        mapped = true;
        places.set(layer, (path) => join(directory, path));
      } else {
        places.set(layer, await service.files(id, pathsIn(plan, layer), sharedReporter(reporter, signal)));
      }
    }),
  );
  const locate = (source: ContentSource): ContentSource => {
    if (source.kind !== "layer") return source;
    const place = places.get(source.layer);
    if (!place) throw new Error(`internal: layer ${source.layer} was not located`);
    return { kind: "path", path: place(source.path) };
  };
  return { plan: { ...plan, entries: new LocatedEntries(plan.entries, locate) }, mapped };
}

/** Returns the paths of a layer that a plan takes contents from. */
function pathsIn({ entries }: PackPlan, layer: string): string[] {
  const paths = new Set<string>();
  for (const { source } of entries) if (source?.kind === "layer" && source.layer === layer) paths.add(source.path);
  return [...paths];
}

/** Entries whose sources are located when they are read, because a plan may have any number. */
class LocatedEntries implements PackEntries {
  readonly #entries: PackEntries;
  readonly #locate: (source: ContentSource) => ContentSource;

  constructor(entries: PackEntries, locate: (source: ContentSource) => ContentSource) {
    this.#entries = entries;
    this.#locate = locate;
  }

  get length(): number {
    return this.#entries.length;
  }

  get ordered(): boolean {
    return this.#entries.ordered ?? false;
  }

  *[Symbol.iterator](): Generator<PackEntry, void> {
    for (const entry of this.#entries) yield entry.source?.kind === "layer" ? { ...entry, source: this.#locate(entry.source) } : entry;
  }
}
