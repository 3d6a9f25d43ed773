import { randomBytes } from "node:crypto";
import { renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../../core/errors.js";
import type { Digest } from "../../core/digest.js";
import type { LayerBlob, Toc } from "../../oci/layer/model/toc.js";
import type { Descriptor } from "../../oci/types.js";
import type { Database } from "../database/database.js";
import { blobMissing, ioError, layerMissing } from "../errors.js";
import { type SnapshotParts, ActiveSnapshots } from "./active-snapshots.js";
import { layerId, layerRow } from "../layer-id.js";
import { type LayerRow, LayerRows } from "./layer-rows.js";
import type { StoreLeases } from "../processes/leases.js";
import type { Orphans } from "../processes/orphans.js";
import type { BlobStore } from "../contract/blobs.js";
import type { ActiveSnapshot, LayerId, LayerRecord, LayerStore, RemoteLayer } from "../contract/layers.js";
import type { StorePaths } from "../paths.js";
import type { SnapshotKind } from "./snapshot-kind.js";
import type { TocStore } from "./toc-store.js";
import type { Unsynced } from "./unsynced.js";

interface IndexedLayerStoreOptions extends Omit<SnapshotParts, "read" | "unsynced"> {
  readonly blobs: BlobStore;
  readonly tocs: TocStore;
  readonly unsynced: Unsynced;
}

/**
 * Layers as rows. Their bytes are in the blob store, snapshots/ and toc/. Files are written before
 * the rows that name them.
 */
export class IndexedLayerStore implements LayerStore {
  readonly #database: Database;
  readonly #rows: LayerRows;
  readonly #blobs: BlobStore;
  readonly #tocs: TocStore;
  readonly #leases: StoreLeases;
  readonly #paths: StorePaths;
  readonly #kind: SnapshotKind;
  readonly #orphans: Orphans;
  readonly #unsynced: Unsynced;
  readonly #active: ActiveSnapshots;
  /** Blobs that were replaced by another form of their layer. */
  readonly #superseded = new Set<Digest>();

  constructor(options: IndexedLayerStoreOptions) {
    const { blobs, tocs, ...parts } = options;
    this.#blobs = blobs;
    this.#tocs = tocs;
    this.#database = parts.database;
    this.#rows = new LayerRows(parts.database);
    this.#leases = parts.leases;
    this.#paths = parts.paths;
    this.#kind = parts.kind;
    this.#orphans = parts.orphans;
    this.#unsynced = parts.unsynced;
    this.#active = new ActiveSnapshots({ ...parts, read: (id) => this.get(id) });
  }

  get(id: LayerId): LayerRecord | undefined {
    const row = this.#rows.get(id);
    return row && this.#record(row);
  }

  byDiffId(diffId: Digest): LayerRecord | undefined {
    const row = this.#best(diffId);
    return row && this.#record(row);
  }

  prepare(): ActiveSnapshot {
    return this.#active.forNewLayer();
  }

  prepareSnapshot(id: LayerId): ActiveSnapshot {
    return this.#active.forSnapshot(id);
  }

  addRemote(layer: RemoteLayer): LayerRecord {
    const { diffId, blob, origin } = layer;
    const found = this.#best(diffId);
    if (found && this.#isLeased(found) && !this.#improves(found, layer)) return this.#record(found);
    return this.#database.transaction(() => {
      const row = this.#best(diffId);
      if (!row) return this.#kept(this.#rows.add({ ...layer, recipe: undefined, verified: false }));
      if (this.#improves(row, layer)) {
        // An image's config only claims this diffID. A stored blob whose diffID was computed is not
        // replaced for a claim.
        this.#rows.update(row.id, "blob = ?, blob_digest = ?, recipe = ?, verified = ?, origin = ?", [
          JSON.stringify(blob),
          blob.digest,
          row.blob_digest === blob.digest ? row.recipe : null,
          row.blob_digest === blob.digest ? row.verified : 0,
          origin ?? null,
        ]);
      }
      return this.#kept(row.id);
    });
  }

  addPacked(blob: LayerBlob, recipe: string): LayerRecord {
    this.#tocs.save(blob.toc);
    const descriptor: Descriptor = { mediaType: blob.mediaType, digest: blob.digest, size: blob.size };
    return this.#database.transaction(() => {
      if (!this.#blobs.has(blob.digest)) throw blobMissing(blob.digest);
      const row = this.#best(blob.diffId);
      if (!row) return this.#kept(this.#rows.add({ diffId: blob.diffId, blob: descriptor, recipe, verified: true, origin: undefined }));
      if (row.blob_digest === blob.digest) {
        if (row.verified === 0 || row.recipe === null) this.#rows.update(row.id, "verified = 1, recipe = ?", [recipe]);
      } else if (row.verified === 0 || row.blob_digest === null || !this.#blobs.has(row.blob_digest)) {
        this.#rows.update(row.id, "blob = ?, blob_digest = ?, recipe = ?, verified = 1", [JSON.stringify(descriptor), blob.digest, recipe]);
      } else {
        // Two builds packed the layer at once, in different forms.
        this.#superseded.add(blob.digest);
      }
      return this.#kept(row.id);
    });
  }

  setDiff(id: LayerId, toc: Toc, packed?: { readonly blob: Descriptor; readonly recipe: string }): LayerRecord {
    this.#tocs.save(toc);
    return this.#database.transaction(() => {
      this.#rows.update(layerRow(id) ?? 0, "diff_id = ?", [toc.diffId]);
      return packed ? this.setBlob(id, packed.blob, packed.recipe) : this.#require(id);
    });
  }

  setBlob(id: LayerId, blob: Descriptor, recipe: string): LayerRecord {
    return this.#database.transaction(() => {
      if (!this.#blobs.has(blob.digest)) throw blobMissing(blob.digest);
      const before = this.#rows.get(id)?.blob_digest;
      if (before && before !== blob.digest) this.#superseded.add(before);
      this.#rows.update(layerRow(id) ?? 0, "blob = ?, blob_digest = ?, recipe = ?, verified = 1", [
        JSON.stringify(blob),
        blob.digest,
        recipe,
      ]);
      return this.#require(id);
    });
  }

  snapshotPath(id: LayerId): string {
    return join(this.#paths.snapshots, id, "fs");
  }

  dropSnapshot(id: LayerId): void {
    const orphans = this.#orphans;
    const place = join(this.#paths.snapshots, id);
    // Frees the name for the new snapshot, also when the old one cannot be removed here.
    const aside = `${place}-${randomBytes(4).toString("hex")}`;
    this.#database.transaction(() => {
      const row = this.#rows.get(id);
      if (row?.unpacked !== 1) return;
      moveAside(place, aside);
      orphans.add(aside);
      if (row.origin !== null || (row.blob_digest !== null && this.#blobs.has(row.blob_digest))) {
        this.#rows.update(row.id, "unpacked = 0, bytes = NULL, boot = NULL", []);
        return;
      }
      this.#rows.remove(row.id);
    });
    orphans.remove([aside]);
  }

  trust(ids: readonly LayerId[]): void {
    if (ids.length === 0) return;
    this.#database.transaction(() => {
      for (const id of ids) this.#database.run("UPDATE layers SET boot = NULL WHERE id = ?", layerRow(id) ?? 0);
    });
  }

  unsynced(age: number): readonly LayerId[] {
    const youngest = Date.now() - age;
    return this.#unsynced.pending().filter((id) => {
      const made = statSync(join(this.#paths.snapshots, id), { throwIfNoEntry: false })?.ctimeMs;
      // The clock of files is finer than that of programs.
      return made !== undefined && Math.floor(made) <= youngest;
    });
  }

  toc(diffId: Digest): Toc | undefined {
    return this.#tocs.get(diffId);
  }

  saveToc(toc: Toc): void {
    this.#tocs.save(toc);
  }

  *list(): Iterable<LayerRecord> {
    if (!this.#database.exists) return;
    for (const row of this.#rows.all()) yield this.#record(row);
  }

  /**
   * Forgets a lost blob. Removes layers that cannot be had in another way, with the results that
   * depend on them.
   */
  forgetBlob(digest: Digest): void {
    if (!this.#database.exists) return;
    this.#rows.forgetBlob(digest);
  }

  forgetOrigin(origin: string): void {
    if (!this.#database.exists) return;
    this.#rows.forgetOrigin(origin, (blob) => this.#blobs.has(blob));
  }

  /** Returns and forgets the blobs that this handle replaced, so that they can be swept. */
  takeSuperseded(): readonly Digest[] {
    const taken = [...this.#superseded];
    this.#superseded.clear();
    return taken;
  }

  close(): void {
    this.#active.discardAll();
  }

  /**
   * Returns the best layer with a content: several layers may have the same. An unpacked or
   * verified one comes first.
   */
  #best(diffId: Digest): LayerRow | undefined {
    const rows = this.#rows.withContent(diffId).filter((row) => !this.#kind.isForeign(row));
    const [first] = rows;
    if (rows.length < 2 || first?.unpacked) return first;
    return rows.find((row) => row.blob_digest !== null && this.#blobs.has(row.blob_digest)) ?? first;
  }

  #improves(row: LayerRow, layer: { readonly blob: Descriptor; readonly origin: string | undefined }): boolean {
    if (row.blob_digest === layer.blob.digest) return layer.origin !== undefined && row.origin !== layer.origin;
    return row.blob_digest === null || row.verified === 0 || !this.#blobs.has(row.blob_digest);
  }

  #isLeased(row: LayerRow): boolean {
    return this.#leases.isLeased("layer", layerId(row.id));
  }

  #kept(row: number): LayerRecord {
    this.#leases.leaseWritten("layer", layerId(row));
    return this.#require(layerId(row));
  }

  #require(id: LayerId): LayerRecord {
    const found = this.get(id);
    if (!found) throw layerMissing(id);
    return found;
  }

  #record(row: LayerRow): LayerRecord {
    return {
      id: layerId(row.id),
      diffId: row.diff_id ?? undefined,
      blob: row.blob === null ? undefined : (JSON.parse(row.blob) as Descriptor),
      recipe: row.recipe ?? undefined,
      unpacked: row.unpacked === 1 && !this.#kind.isForeign(row),
      suspect: row.unpacked === 1 && this.#unsynced.isSuspect(row.boot),
      origin: row.origin ?? undefined,
      createdAt: row.created_at,
    };
  }
}

/** Renames a snapshot. A missing one is no error. */
function moveAside(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw ioError(`Cannot remove the damaged snapshot "${from}"`, error);
  }
}
