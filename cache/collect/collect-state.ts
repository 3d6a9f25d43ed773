import { statSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../../core/digest.js";
import type { BlobGraph } from "../index/blob-graph.js";
import type { CollectState, LayerState } from "./collect-plan.js";
import type { Database } from "../database/database.js";
import { layerUses, stackRows } from "../database/stack-rows.js";
import { diskUsage, ownUsage } from "../disk-usage.js";
import { layerId } from "../layer-id.js";
import type { StorePaths } from "../paths.js";
import { retainedBlobs, leased } from "./references.js";
import type { BlobStore } from "../contract/blobs.js";
import type { Candidate } from "../contract/collector.js";
import type { LayerId } from "../contract/layers.js";
import type { Memo } from "../contract/memo.js";
import type { TocStore } from "../content/toc-store.js";

/**
 * Milliseconds for which collection keeps a TOC without a layer: the row of its layer may be about
 * to be written.
 */
export const TOC_GRACE = 3_600_000;

/** The parts of the store that collection measures. */
export interface StateParts {
  readonly database: Database;
  readonly paths: StorePaths;
  readonly blobs: BlobStore;
  readonly tocs: TocStore;
  readonly graph: BlobGraph;
  readonly memo: Memo;
}

/**
 * Sizes by path, measured before the transaction: walking over trees takes time, and other
 * processes would have to wait.
 */
export interface Sizes {
  readonly total: number;
  of(path: string): number;
}

interface LayerRow {
  readonly id: number;
  readonly blob_digest: Digest | null;
  readonly diff_id: Digest | null;
  readonly unpacked: number;
}

/** Reads the state inside the transaction that acts on it. */
export function collectState({ database, paths, blobs, tocs, graph, memo }: StateParts, sizes: Sizes): CollectState {
  const leasedLayers = new Set(leased(database, "layer"));
  for (const { layer } of database.all<{ layer: number }>("SELECT layer FROM drafts")) leasedLayers.add(layerId(layer));
  const rows = database.all<LayerRow>("SELECT id, blob_digest, diff_id, unpacked FROM layers WHERE draft = 0");
  const layers = new Map<LayerId, LayerState>(
    rows.map(({ id: row, blob_digest, diff_id, unpacked }) => {
      const id = layerId(row);
      const bytes = unpacked === 1 ? sizes.of(join(paths.snapshots, id)) : 0;
      return [id, { blob: blob_digest ?? undefined, diffId: diff_id ?? undefined, bytes, leased: leasedLayers.has(id) }];
    }),
  );
  const stacks = new Map(stackRows(database).map(({ id, below, layer }) => [id, { below, layer: layerId(layer) }]));
  const resultStacks = new Map(
    database
      .all<{ id: number; stack: number }>("SELECT id, stack FROM results WHERE stack IS NOT NULL")
      .map(({ id, stack }) => [String(id), stack]),
  );
  const inImages = graph.reachable(database.all<{ digest: Digest }>("SELECT DISTINCT digest FROM images").map(({ digest }) => digest));
  const shared = new Set<number>();
  // Stacks come after those that are a part of them.
  for (const [id, { below, layer }] of stacks) {
    const blob = layers.get(layer)?.blob;
    if (blob !== undefined && inImages.has(blob) && (below === null || shared.has(below))) shared.add(id);
  }
  const isShared = (id: string): boolean => {
    const stack = resultStacks.get(id);
    return stack === undefined || shared.has(stack);
  };
  const running = { results: new Set(leased(database, "result")), mounts: new Set(leased(database, "mount")) };
  const results = database
    .all<{ id: number; name: string; used_at: number; keyed: number }>(
      "SELECT id, name, used_at, EXISTS (SELECT 1 FROM keys WHERE result = id) AS keyed FROM results ORDER BY used_at, id",
    )
    .map(({ id, name, used_at, keyed }) => ({
      kind: "result" as const,
      id: String(id),
      name,
      usedAt: used_at,
      keyed: keyed === 1,
      bytes: 0,
    }))
    .filter(({ id }) => !running.results.has(id));
  const mounts = database
    .all<{ id: string; dir: string; name: string | null; used_at: number }>("SELECT id, dir, name, used_at FROM mounts")
    .filter(({ id }) => !running.mounts.has(id))
    .map(({ id, dir, name, used_at }) => ({
      kind: "mount" as const,
      id,
      name: name ?? id,
      usedAt: used_at,
      shared: false,
      bytes: sizes.of(join(paths.mounts, dir)),
    }));
  const keyed: (Candidate & { readonly bytes: number })[] = results
    .filter((result) => result.keyed)
    .map((result) => ({ ...result, shared: isShared(result.id) }));
  const blobUse = new Map<Digest, number>();
  for (const [layer, { usedAt }] of layerUses(database)) {
    const blob = layers.get(layerId(layer))?.blob;
    if (blob) blobUse.set(blob, Math.max(usedAt, blobUse.get(blob) ?? 0));
  }
  const unnamed = database.all<{ digest: Digest }>("SELECT digest FROM images WHERE name IS NULL");
  const images = unnamed.map(({ digest }) => ({
    kind: "image" as const,
    id: digest,
    name: digest,
    shared: false,
    bytes: 0,
    // The time when the image was stored, or when a build found its last layer. The creation time
    // in the image may be any time, because reproducible images set it.
    usedAt: Math.max(
      statSync(blobs.path(digest), { throwIfNoEntry: false })?.mtimeMs ?? 0,
      ...[digest, ...graph.manifests(digest)].map((manifest) => blobUse.get(graph.layers(manifest).at(-1) ?? digest) ?? 0),
    ),
  }));
  return {
    now: Date.now(),
    total: sizes.total,
    candidates: [...keyed, ...mounts, ...images],
    forgotten: results.filter((result) => !result.keyed),
    layers,
    stacks,
    resultStacks,
    blobs: new Map([...blobs.list()].map(({ digest }) => [digest, ownUsage(blobs.path(digest))])),
    tocs: new Map([...tocs.list()].map(({ diffId }) => [diffId, ownUsage(tocs.path(diffId))])),
    retainedBlobs: retainedBlobs(database, graph, memo, { named: true }),
    imageBlobs: new Map(images.map(({ id }) => [id, [...graph.reachable([id])]])),
  };
}

/** Measures the sizes that rows and single files do not hold. */
export function measureSizes({ database, paths }: Pick<StateParts, "database" | "paths">, total: number): Sizes {
  const known = new Map<string, number>();
  for (const { id, bytes } of database.all<{ id: number; bytes: number }>("SELECT id, bytes FROM layers WHERE bytes IS NOT NULL")) {
    known.set(join(paths.snapshots, layerId(id)), bytes);
  }
  for (const { dir, bytes } of database.all<{ dir: string; bytes: number }>("SELECT dir, bytes FROM mounts WHERE bytes IS NOT NULL")) {
    known.set(join(paths.mounts, dir), bytes);
  }
  return { total, of: (path) => known.get(path) ?? diskUsage(path).bytes };
}
