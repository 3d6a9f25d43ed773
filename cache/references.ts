import type { Digest } from "../core/digest.js";
import type { BlobGraph } from "./blob-graph.js";
import type { Database } from "./database.js";
import { layerId } from "./layer-id.js";
import type { LayerId, LeaseKind } from "./store.js";

/** What something refers to, now. Read it inside the transaction that acts on it. */
export interface References {
  readonly blobs: ReadonlySet<Digest>;
  readonly layers: ReadonlySet<LayerId>;
  readonly diffIds: ReadonlySet<Digest>;
}

/**
 * Follows image → blobs, result → layers → blobs, and leases → any of them. Layers without a result or lease are not in `layers`, but
 * their blobs are in `blobs` as long as their row is there.
 */
export function findReferences(database: Database, graph: BlobGraph): References {
  const roots = new Set<Digest>();
  for (const { digest } of database.all<{ digest: Digest }>("SELECT DISTINCT digest FROM images")) roots.add(digest);
  for (const id of leased(database, "blob")) roots.add(id as Digest);
  const diffIds = new Set<Digest>();
  for (const row of database.all<{ blob_digest: Digest | null; diff_id: Digest | null }>("SELECT blob_digest, diff_id FROM layers")) {
    if (row.blob_digest) roots.add(row.blob_digest);
    if (row.diff_id) diffIds.add(row.diff_id);
  }
  return { blobs: graph.reachable(roots), layers: referencedLayers(database), diffIds };
}

/** Layers that a result, a lease or a draft needs. */
export function referencedLayers(database: Database): ReadonlySet<LayerId> {
  const layers = new Set(leased(database, "layer") as LayerId[]);
  const rows = database.all<{ layer: number }>("SELECT layer FROM result_layers UNION SELECT layer FROM drafts");
  for (const { layer } of rows) layers.add(layerId(layer));
  return layers;
}

/** Ids of a kind that are leased. */
export function leased(database: Database, kind: LeaseKind): readonly string[] {
  return database.all<{ id: string }>("SELECT DISTINCT id FROM leases WHERE kind = ?", kind).map(({ id }) => id);
}
