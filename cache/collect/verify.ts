import { closeSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { UNFINISHED_MOUNT } from "../content/cache-mounts.js";
import { openIfExists } from "../open-if-exists.js";
import type { Database } from "../database/database.js";
import { stackRows } from "../database/stack-rows.js";
import { encodeIndexJson, readIndexJson } from "../index/index-json.js";
import { layerId } from "../layer-id.js";
import type { Orphans } from "../processes/orphans.js";
import type { Owner } from "../processes/owner.js";
import type { StorePaths } from "../paths.js";
import type { BlobStore } from "../contract/blobs.js";
import type { ImageEntry } from "../contract/images.js";
import type { Digest } from "../../core/digest.js";
import type { BlobGraph } from "../index/blob-graph.js";
import type { Descriptor } from "../../oci/types.js";
import { hashOpenFile } from "../../core/system/hash-file.js";

interface Parts {
  readonly database: Database;
  readonly paths: StorePaths;
  readonly owner: Owner;
  readonly blobs: BlobStore;
  readonly orphans: Orphans;
  readonly graph: BlobGraph;
}

interface LayerRow {
  readonly id: number;
  readonly draft: number;
  readonly blob_digest: Digest | null;
  readonly unpacked: number;
  readonly origin: string | null;
}

/**
 * Returns every breach of the store's rules: rows without their files, files without a row,
 * leftovers of dead processes.
 */
export function verifyStore(parts: Parts): readonly string[] {
  const { database, paths } = parts;
  if (!existsSync(paths.base)) return [];
  // The lock keeps other processes' changes out while rows and files are compared.
  return database.transaction(() => [
    ...index(parts),
    ...layers(parts),
    ...mounts(parts),
    ...results(parts),
    ...images(parts),
    ...builds(parts),
    ...processes(parts),
  ]);
}

function* index({ database }: Parts): Iterable<string> {
  for (const row of database.all<Record<string, string>>("PRAGMA quick_check")) {
    for (const answer of Object.values(row)) if (answer !== "ok") yield `index.db: ${answer}`;
  }
  for (const row of database.all<{ table: string }>("PRAGMA foreign_key_check")) yield `index.db: a row of ${row.table} refers to nothing`;
}

function* layers({ database, paths, blobs, orphans }: Parts): Iterable<string> {
  const rows = database.all<LayerRow>("SELECT id, draft, blob_digest, unpacked, origin FROM layers");
  const drafts = new Set(database.all<{ dir: string }>("SELECT dir FROM drafts").map(({ dir }) => dir));
  const known = new Set([...drafts, ...orphans.list().map((path) => path.slice(paths.snapshots.length + 1))]);
  for (const { id, draft, blob_digest, unpacked, origin } of rows) {
    const name = layerId(id);
    if (draft === 1) {
      if (!drafts.has(name)) yield `layer ${name} is unfinished, and no process makes it`;
      continue;
    }
    if (unpacked === 1) {
      known.add(name);
      if (!existsSync(join(paths.snapshots, name, "fs"))) yield `layer ${name} is unpacked, but its snapshot is missing`;
    } else if (origin === null && (blob_digest === null || !blobs.has(blob_digest))) {
      yield `layer ${name} has neither a snapshot nor a blob nor an origin`;
    }
  }
  for (const dir of existsSync(paths.snapshots) ? readdirSync(paths.snapshots) : []) {
    if (!known.has(dir)) yield `snapshots/${dir} belongs to nothing`;
  }
}

function* mounts({ database, paths, orphans }: Parts): Iterable<string> {
  const known = new Set(orphans.list());
  for (const { dir } of database.all<{ dir: string }>("SELECT dir FROM mounts")) {
    known.add(join(paths.mounts, dir));
    known.add(join(paths.mounts, dir + UNFINISHED_MOUNT));
  }
  for (const dir of existsSync(paths.mounts) ? readdirSync(paths.mounts) : []) {
    if (!known.has(join(paths.mounts, dir))) yield `mounts/${dir} belongs to nothing`;
  }
}

function* results({ database }: Parts): Iterable<string> {
  const rows = new Map(stackRows(database).map((row) => [row.id, row]));
  const layers = new Set(database.all<{ id: number }>("SELECT id FROM layers").map(({ id }) => id));
  const checked = new Set<number>();
  for (const { id, stack } of database.all<{ id: number; stack: number | null }>("SELECT id, stack FROM results")) {
    for (let at = stack; at !== null && !checked.has(at); ) {
      checked.add(at);
      const row = rows.get(at);
      if (!row) yield `result ${id} depends on stack ${at}, which is gone`;
      else if (!layers.has(row.layer)) yield `result ${id} depends on layer ${layerId(row.layer)}, which is gone`;
      at = row?.below ?? null;
    }
  }
}

function* images({ database, paths, blobs, graph }: Parts): Iterable<string> {
  const rows = database.all<{ name: string | null; target: string; created_at: number }>(
    "SELECT name, target, created_at FROM images ORDER BY id",
  );
  const entries = rows.map(
    (row): ImageEntry => ({ name: row.name ?? undefined, target: JSON.parse(row.target) as Descriptor, createdAt: row.created_at }),
  );
  for (const { name, target } of entries) {
    const shown = name ?? target.digest;
    if (!blobs.has(target.digest)) yield `image ${shown}: its manifest ${target.digest} is missing`;
    // The store may have only some platforms of an index.
    for (const manifest of [target.digest, ...graph.manifests(target.digest)].filter((digest) => blobs.has(digest))) {
      const config = graph.config(manifest);
      if (config && !blobs.has(config)) yield `image ${shown}: its config ${config} is missing`;
      for (const layer of graph.layers(manifest)) if (!blobs.has(layer)) yield `image ${shown}: its layer ${layer} is missing`;
    }
  }
  const text = readIndexJson(paths.indexJson);
  if (text === undefined ? entries.length > 0 : text !== encodeIndexJson(entries)) yield "index.json does not say what the index says";
}

function* builds({ database, paths }: Parts): Iterable<string> {
  const known = new Set(database.all<{ id: string }>("SELECT id FROM builds WHERE log_bytes > 0").map(({ id }) => id));
  for (const id of known) if (!existsSync(join(paths.builds, id))) yield `build ${id} has lost its logs`;
}

function* processes({ database, paths, owner }: Parts): Iterable<string> {
  for (const name of existsSync(paths.tmp) ? readdirSync(paths.tmp) : []) {
    if (!name.startsWith(".") && !owner.isAlive(name)) yield `tmp/${name} is of a dead process`;
  }
  const holders = database.all<{ holder: string }>("SELECT holder FROM leases WHERE expires IS NULL UNION SELECT holder FROM drafts");
  for (const { holder } of holders) if (!owner.isAlive(holder)) yield `leases or unfinished layers are left of the dead process ${holder}`;
}

const CHUNK = 1 << 20;

/**
 * Reads every blob and yields those whose bytes do not match their names. Other processes need not
 * wait for this.
 */
export function* verifyBlobs(blobs: BlobStore): Iterable<string> {
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (const { digest } of blobs.list()) {
    const found = hashFile(blobs.path(digest), buffer);
    if (found !== undefined && found !== digest) yield `blob ${digest} has other bytes: their digest is ${found}`;
  }
}

/** Returns the digest of a file, or undefined when it was removed meanwhile. */
function hashFile(path: string, buffer: Buffer): Digest | undefined {
  const fd = openIfExists(path);
  if (fd === undefined) return undefined;
  try {
    return hashOpenFile(fd, buffer);
  } finally {
    closeSync(fd);
  }
}
