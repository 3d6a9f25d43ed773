import type { Digest } from "../../core/digest.js";
import type { BlobGraph } from "../index/blob-graph.js";
import type { Database } from "../database/database.js";
import { baseImages } from "./users.js";
import type { LeaseKind } from "../contract/leases.js";
import type { Memo } from "../contract/memo.js";

/** Everything that is referenced now. Read it inside the transaction that acts on it. */
export interface References {
  readonly blobs: ReadonlySet<Digest>;
  readonly diffIds: ReadonlySet<Digest>;
}

/**
 * Follows image → blobs, result → layers → blobs, leases → any of them, and keeps manifests and
 * configs of base images. Blobs of layers without a result or lease count as long as the row of
 * the layer exists.
 */
export function findReferences(database: Database, graph: BlobGraph, memo: Pick<Memo, "list">): References {
  const blobs = retainedBlobs(database, graph, memo);
  const diffIds = new Set<Digest>();
  for (const row of database.all<{ blob_digest: Digest | null; diff_id: Digest | null }>("SELECT blob_digest, diff_id FROM layers")) {
    if (row.blob_digest) blobs.add(row.blob_digest);
    if (row.diff_id) diffIds.add(row.diff_id);
  }
  return { blobs, diffIds };
}

/**
 * Returns the blobs that something other than a layer refers to: images (with `named`, only those
 * that have a name), leases, and the memos of base images.
 */
export function retainedBlobs(
  database: Database,
  graph: BlobGraph,
  memo: Pick<Memo, "list">,
  { named = false }: { readonly named?: boolean } = {},
): Set<Digest> {
  const roots = new Set<Digest>(leased(database, "blob") as Digest[]);
  const images = database.all<{ digest: Digest }>(`SELECT DISTINCT digest FROM images ${named ? "WHERE name IS NOT NULL" : ""}`);
  for (const { digest } of images) roots.add(digest);
  const kept = graph.reachable(roots);
  for (const digest of graph.metadata(baseImages(memo))) kept.add(digest);
  return kept;
}

/** Returns the leased ids of a kind. */
export function leased(database: Database, kind: LeaseKind): readonly string[] {
  return database.all<{ id: string }>("SELECT DISTINCT id FROM leases WHERE kind = ?", kind).map(({ id }) => id);
}
