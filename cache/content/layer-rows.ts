import type { Digest } from "../../core/digest.js";
import type { LayerId, RemoteLayer } from "../contract/layers.js";
import type { Database } from "../database/database.js";
import { dropStacksOn } from "../database/stack-rows.js";
import { layerRow } from "../layer-id.js";

/** A layer as it is in the index. */
export interface LayerRow {
  readonly id: number;
  readonly diff_id: Digest | null;
  readonly blob: string | null;
  readonly blob_digest: Digest | null;
  readonly recipe: string | null;
  readonly verified: number;
  readonly unpacked: number;
  readonly virtual: number;
  readonly origin: string | null;
  readonly created_at: number;
  readonly boot: string | null;
}

const COLUMNS = "id, diff_id, blob, blob_digest, recipe, verified, unpacked, virtual, origin, created_at, boot";

/** A layer of which a blob is known. */
interface NewLayer extends RemoteLayer {
  readonly recipe: string | undefined;
  /** True where the diffID was computed from the blob. */
  readonly verified: boolean;
}

/** The table of layers. A layer that is being made (`draft`) is no row for readers. */
export class LayerRows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(id: LayerId): LayerRow | undefined {
    return this.#database.get<LayerRow>(`SELECT ${COLUMNS} FROM layers WHERE id = ? AND draft = 0`, layerRow(id) ?? 0);
  }

  all(): readonly LayerRow[] {
    return this.#database.all<LayerRow>(`SELECT ${COLUMNS} FROM layers WHERE draft = 0 ORDER BY id`);
  }

  /** Returns the layers with a content, the unpacked and the verified ones first. */
  withContent(diffId: Digest): readonly LayerRow[] {
    return this.#database.all<LayerRow>(
      `SELECT ${COLUMNS} FROM layers WHERE diff_id = ? AND draft = 0 ORDER BY unpacked DESC, verified DESC, id`,
      diffId,
    );
  }

  /** Adds a layer. Returns its row. */
  add(layer: NewLayer): number {
    const { id } = this.#database.run(
      "INSERT INTO layers (draft, diff_id, blob, blob_digest, recipe, verified, unpacked, origin, created_at) VALUES (0, ?, ?, ?, ?, ?, 0, ?, ?)",
      layer.diffId,
      JSON.stringify(layer.blob),
      layer.blob.digest,
      layer.recipe ?? null,
      layer.verified ? 1 : 0,
      layer.origin ?? null,
      layer.createdAt ?? Date.now(),
    );
    return id;
  }

  update(row: number, assignments: string, values: readonly (string | number | null)[]): void {
    this.#database.run(`UPDATE layers SET ${assignments} WHERE id = ? AND draft = 0`, ...values, row);
  }

  /** Removes a layer with the results that depend on it. */
  remove(row: number): void {
    dropStacksOn(this.#database, row);
    this.#database.run("DELETE FROM layers WHERE id = ?", row);
  }

  /** Removes the layers that a lost blob alone held, and its name from the others. */
  forgetBlob(digest: Digest): void {
    this.#database.transaction(() => {
      const lost = this.#database.all<{ id: number }>(
        "SELECT id FROM layers WHERE blob_digest = ? AND unpacked = 0 AND origin IS NULL AND draft = 0",
        digest,
      );
      for (const { id } of lost) this.remove(id);
      this.#database.run(
        "UPDATE layers SET blob = NULL, blob_digest = NULL, recipe = NULL WHERE blob_digest = ? AND origin IS NULL",
        digest,
      );
    });
  }

  /** Removes the layers of an origin that are neither unpacked nor have a blob here. */
  forgetOrigin(origin: string, hasBlob: (digest: Digest) => boolean): void {
    this.#database.transaction(() => {
      const rows = this.#database.all<{ id: number; blob_digest: Digest | null }>(
        "SELECT id, blob_digest FROM layers WHERE origin = ? AND unpacked = 0 AND draft = 0",
        origin,
      );
      for (const { id, blob_digest } of rows) if (blob_digest === null || !hasBlob(blob_digest)) this.remove(id);
    });
  }
}
