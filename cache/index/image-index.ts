import { existsSync } from "node:fs";
import type { Digest } from "../../core/digest.js";
import type { Descriptor } from "../../oci/types.js";
import type { BlobGraph } from "./blob-graph.js";
import type { Database } from "../database/database.js";
import { blobMissing } from "../errors.js";
import { decodeIndexJson, encodeIndexJson, readIndexJson, writeIndexJson } from "./index-json.js";
import type { StoreLeases } from "../processes/leases.js";
import type { Owner } from "../processes/owner.js";
import type { BlobStore } from "../contract/blobs.js";
import type { FoundEntry, ImageEntry, ImageIndex } from "../contract/images.js";

interface ImageRow {
  readonly name: string | null;
  readonly target: string;
  readonly created_at: number;
}

interface Parts {
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly graph: BlobGraph;
  readonly leases: StoreLeases;
  readonly owner: Owner;
  readonly indexJson: string;
}

/**
 * Images as rows, mirrored in `index.json`. The file is replaced inside the transaction, so both
 * change in the same order. A crash between the file and the commit leaves the file one change
 * ahead; {@link mirror} corrects it after the crash is noticed.
 */
export class IndexedImages implements ImageIndex {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  set(name: string | undefined, target: Descriptor, createdAt: number): void {
    this.setAll([{ name, target, createdAt }]);
  }

  setAll(entries: readonly ImageEntry[]): void {
    const { database, owner } = this.#parts;
    const changed = entries.filter((one) => !this.#isSet(one));
    if (changed.length > 0) {
      owner.directory();
      database.transaction(() => {
        for (const one of changed) this.#insert(one);
        this.mirror();
      });
    }
    const targets = [...new Set(entries.map(({ target }) => target.digest))];
    if (targets.length > 0) this.#parts.leases.releaseReferenced("blob", this.#parts.graph.reachable(targets));
  }

  #insert({ name, target, createdAt }: ImageEntry): void {
    const { database, blobs } = this.#parts;
    if (!blobs.has(target.digest)) throw blobMissing(target.digest);
    const insert = "INSERT INTO images (name, digest, target, created_at) VALUES (?, ?, ?, ?)";
    const text = JSON.stringify(target);
    if (name === undefined) {
      const known = database.get("SELECT 1 FROM images WHERE digest = ?", target.digest);
      if (!known) database.run(insert, null, target.digest, text, createdAt);
    } else {
      database.run("DELETE FROM images WHERE name = ? OR (digest = ? AND name IS NULL)", name, target.digest);
      database.run(insert, name, target.digest, text, createdAt);
    }
  }

  get(name: string): ImageEntry | undefined {
    if (!this.#exists()) return undefined;
    const row = this.#parts.database.get<ImageRow>("SELECT name, target, created_at FROM images WHERE name = ?", name);
    return row && entry(row);
  }

  find(digestPrefix: string): readonly FoundEntry[] {
    const hex = digestPrefix.replace(/^sha256:/, "");
    if (!/^[0-9a-f]{4,64}$/.test(hex)) return [];
    const prefix = `sha256:${hex}`;
    return this.list().flatMap((image): readonly FoundEntry[] => {
      const digests = this.#identities(image.target.digest).filter((digest) => digest.startsWith(prefix));
      return digests.length === 0 ? [] : [{ ...image, digests }];
    });
  }

  remove(name: string): ImageEntry | undefined {
    return this.#remove(name, "SELECT name, target, created_at FROM images WHERE name = ?", "DELETE FROM images WHERE name = ?")[0];
  }

  removeDigest(digest: Digest): readonly ImageEntry[] {
    return this.#remove(
      digest,
      "SELECT name, target, created_at FROM images WHERE digest = ? ORDER BY id",
      "DELETE FROM images WHERE digest = ?",
    );
  }

  list(): readonly ImageEntry[] {
    if (!this.#exists()) return [];
    return this.#parts.database.all<ImageRow>("SELECT name, target, created_at FROM images ORDER BY id").map(entry);
  }

  /** Rewrites `index.json` from the rows. */
  mirror(): void {
    const { owner, indexJson } = this.#parts;
    const text = encodeIndexJson(this.list());
    if (readIndexJson(indexJson) !== text) writeIndexJson(indexJson, text, owner.temporaryPath("index"));
  }

  /** Fills the rows from `index.json`, for a database that was made again. */
  adoptIndexJson(): void {
    for (const { name, target, createdAt } of decodeIndexJson(readIndexJson(this.#parts.indexJson) ?? "")) {
      if (!this.#parts.blobs.has(target.digest)) continue;
      this.#parts.database.run(
        "INSERT OR IGNORE INTO images (name, digest, target, created_at) VALUES (?, ?, ?, ?)",
        name ?? null,
        target.digest,
        JSON.stringify(target),
        createdAt,
      );
    }
  }

  #exists(): boolean {
    return this.#parts.database.exists || existsSync(this.#parts.indexJson);
  }

  /**
   * Returns true when setting would change nothing: the normal case of a fully cached build, which
   * then writes nothing.
   */
  #isSet({ name, target, createdAt }: ImageEntry): boolean {
    const { database, blobs } = this.#parts;
    if (!database.exists || !blobs.has(target.digest)) return false;
    if (name === undefined) return database.get("SELECT 1 FROM images WHERE digest = ?", target.digest) !== undefined;
    const row = database.get<ImageRow>("SELECT name, target, created_at FROM images WHERE name = ?", name);
    return row?.target === JSON.stringify(target) && row.created_at === createdAt;
  }

  #remove(parameter: string, select: string, remove: string): readonly ImageEntry[] {
    const { database, owner } = this.#parts;
    if (!this.#exists() || database.all(select, parameter).length === 0) return [];
    owner.directory();
    return database.transaction(() => {
      const removed = database.all<ImageRow>(select, parameter).map(entry);
      database.run(remove, parameter);
      this.mirror();
      return removed;
    });
  }

  /**
   * Returns the digests that may identify an image: index, manifests, configs; never its layers.
   */
  #identities(target: Digest): readonly Digest[] {
    const { graph } = this.#parts;
    const manifests = [target, ...graph.manifests(target)];
    return [...manifests, ...manifests.map((manifest) => graph.config(manifest)).filter((config) => config !== undefined)];
  }
}

function entry(row: ImageRow): ImageEntry {
  return { name: row.name ?? undefined, target: JSON.parse(row.target) as Descriptor, createdAt: row.created_at };
}
