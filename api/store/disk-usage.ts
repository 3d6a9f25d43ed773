import type { Usage } from "../../cache/contract/collector.js";
import type { Store } from "../../cache/store.js";
import { cacheBudget } from "../options/cache-budget.js";
import type { DiskItem, DiskItemType, DiskUsageReport } from "../options/disk-types.js";
import { startStoreWorker } from "../session/store-worker.js";

/**
 * Returns the parts of the store with their sizes. Starts the worker where directories of mapped
 * ids have to be read.
 */
export async function storeUsage(store: Store): Promise<DiskUsageReport> {
  const items = (await measure(store)).map(itemOf).toSorted((a, b) => b.bytes - a.bytes || (a.id < b.id ? -1 : 1));
  const sum = (list: readonly DiskItem[]): number => list.reduce((total, { bytes }) => total + bytes, 0);
  return {
    items,
    total: sum(items),
    reclaimable: sum(items.filter(({ reclaimable }) => reclaimable)),
    budget: cacheBudget(store.root, process.env["TSBUILD_CACHE_BUDGET"]),
  };
}

/** Measures everything to the last block. Remembers sizes that never change. */
export async function measure(store: Store): Promise<readonly Usage[]> {
  const usage = store.gc.usage();
  const open = usage.filter(({ complete }) => !complete);
  if (open.length === 0) return usage;
  const worker = await startStoreWorker(store);
  try {
    const bytes = await worker.task<readonly number[]>("diskUsage", { paths: open.map(({ path }) => path) });
    const sizes = new Map(open.map((entry, index) => [entry, bytes[index] ?? 0]));
    store.gc.remember(sizes);
    return usage.map((entry) => ({ ...entry, bytes: sizes.get(entry) ?? entry.bytes }));
  } finally {
    await worker.close();
  }
}

function itemOf({ kind, id, bytes, name, lastUsedAt, usedBy, inUse }: Usage): DiskItem {
  const { images, base, steps, running } = usedBy;
  const own = kind === "other" && inUse;
  return {
    type: typeOf(kind, name),
    id,
    bytes,
    description: name ?? (own ? "tsbuild's own" : ""),
    lastUsedAt,
    keptBy: [
      ...images.map((image) => `image ${image}`),
      ...(base ? ["builds from this base without a network"] : []),
      ...(steps > 0 ? [`${steps} cached ${steps === 1 ? "step" : "steps"}`] : []),
      ...(kind === "mount" ? ["steps with this cache mount"] : []),
      ...(running ? ["a running build"] : []),
    ],
    shared: images.length > 1 || (images.length > 0 && steps > 0),
    running,
    reclaimable: !own && !running && !base && images.length === 0,
  };
}

function typeOf(kind: Usage["kind"], name: string | undefined): DiskItemType {
  if (kind === "other") return "records";
  if (kind !== "blob") return kind;
  if (name === undefined) return "blob";
  return /^(index|manifest|config) of /.test(name) ? "image" : "layer";
}
