import { join } from "node:path";
import type { BlobGraph } from "./blob-graph.js";
import type { Database } from "./database.js";
import { diskUsage } from "./disk-usage.js";
import { layerId } from "./layer-id.js";
import type { Orphans } from "./orphans.js";
import type { StorePaths } from "./paths.js";
import { findReferences, leased } from "./references.js";
import type { BlobStore, Usage } from "./store.js";
import type { TocStore } from "./toc-store.js";

interface Parts {
  readonly database: Database;
  readonly paths: StorePaths;
  readonly blobs: BlobStore;
  readonly tocs: TocStore;
  readonly graph: BlobGraph;
  readonly orphans: Orphans;
}

interface LayerUse {
  readonly id: number;
  readonly blob_digest: string | null;
  readonly diff_id: string | null;
  readonly unpacked: number;
  readonly used_at: number | null;
}

/** Every part of the store with the blocks it takes: the sum is what `du` says of the store's directory, but for the directories themselves. */
export function measureUsage(parts: Parts): readonly Usage[] {
  const { database, paths, blobs, tocs, graph, orphans } = parts;
  if (!database.exists) return [];
  const references = findReferences(database, graph);
  const layers = database.all<LayerUse>(
    `SELECT l.id, l.blob_digest, l.diff_id, l.unpacked, max(r.used_at) AS used_at
     FROM layers l LEFT JOIN result_layers rl ON rl.layer = l.id LEFT JOIN results r ON r.id = rl.result GROUP BY l.id`,
  );
  const used = new Map<string, number>();
  for (const { blob_digest, diff_id, used_at } of layers) {
    for (const name of [blob_digest, diff_id]) {
      if (name !== null && used_at !== null) used.set(name, Math.max(used_at, used.get(name) ?? 0));
    }
  }
  const measure = (kind: Usage["kind"], id: string, path: string, inUse: boolean, lastUsedAt: number | undefined): Usage => ({
    kind,
    id,
    lastUsedAt,
    inUse,
    ...diskUsage(path),
  });
  const mounts = database.all<{ id: string; dir: string; used_at: number }>("SELECT id, dir, used_at FROM mounts ORDER BY id");
  const mountsInUse = new Set(leased(database, "mount"));
  return [
    ...[...blobs.list()].map(({ digest }) => measure("blob", digest, blobs.path(digest), references.blobs.has(digest), used.get(digest))),
    ...layers
      .filter(({ unpacked }) => unpacked === 1)
      .map(({ id, used_at }) =>
        measure("snapshot", layerId(id), join(paths.snapshots, layerId(id)), references.layers.has(layerId(id)), used_at ?? undefined),
      ),
    ...[...tocs.list()].map(({ diffId }) => measure("toc", diffId, tocs.path(diffId), references.diffIds.has(diffId), used.get(diffId))),
    ...mounts.map(({ id, dir, used_at }) => measure("mount", id, join(paths.mounts, dir), mountsInUse.has(id), used_at)),
    ...orphans.list().map((path) => measure("other", path, path, false, undefined)),
    ...[
      paths.stat,
      paths.memo,
      paths.builds,
      paths.tmp,
      paths.locks,
      paths.reserve,
      paths.database,
      `${paths.database}-wal`,
      `${paths.database}-shm`,
    ].map((path) => measure("other", path, path, true, undefined)),
  ];
}
