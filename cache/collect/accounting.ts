import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../../core/digest.js";
import type { Database } from "../database/database.js";
import { type DiskUsage, diskUsage, ownUsage } from "../disk-usage.js";
import type { StateParts } from "./collect-state.js";
import { findUsers, type Users } from "./users.js";
import { layerId } from "../layer-id.js";
import type { StorePaths } from "../paths.js";
import type { Usage, UsedBy } from "../contract/collector.js";

interface Parts extends StateParts {
  /** Runs a write of measured sizes, where the store is writable. */
  readonly note: (write: () => void) => void;
}

const NOBODY: UsedBy = { images: [], base: false, steps: 0, running: false };

/**
 * Measures every part of the store in blocks. The sum equals the output of `du` for the store's
 * directory.
 */
export function measureUsage(parts: Parts): readonly Usage[] {
  const { database, paths } = parts;
  if (!database.exists) return [];
  const users = findUsers(parts);
  return [...blobs(parts, users), ...snapshots(parts, users), ...tocs(parts, users), ...mounts(parts, users), ...others(paths)];
}

function entry(
  of: Pick<Usage, "kind" | "id" | "path" | "name" | "lastUsedAt"> & { readonly usedBy: UsedBy | undefined; readonly inUse?: boolean },
  usage: DiskUsage,
): Usage {
  const usedBy = of.usedBy ?? NOBODY;
  const { images, base, steps, running } = usedBy;
  const inUse = of.inUse ?? (images.length > 0 || base || steps > 0 || running);
  return { ...of, usedBy, inUse, ...usage };
}

function* blobs({ blobs, database }: Parts, users: Users): Iterable<Usage> {
  const rows = new Set(database.all<{ blob_digest: Digest }>("SELECT blob_digest FROM layers").map(({ blob_digest }) => blob_digest));
  for (const { digest } of blobs.list()) {
    const path = blobs.path(digest);
    const usedBy = users.usedBy.get(digest);
    const name = users.names.get(digest);
    const lastUsedAt = users.used.get(digest);
    // A layer's row keeps its blob until the row is collected, even when no step needs the layer
    // any more.
    yield entry(
      { kind: "blob", id: digest, path, name, lastUsedAt, usedBy, ...(rows.has(digest) ? { inUse: true } : {}) },
      { bytes: ownUsage(path), complete: true },
    );
  }
}

function* snapshots({ database, paths, note }: Parts, users: Users): Iterable<Usage> {
  const known = new Set<string>();
  const rows = database.all<{ id: number; bytes: number | null }>("SELECT id, bytes FROM layers WHERE unpacked = 1 AND draft = 0");
  for (const { id: row, bytes } of rows) {
    const id = layerId(row);
    known.add(id);
    const path = join(paths.snapshots, id);
    const usage = bytes === null ? diskUsage(path) : { bytes, complete: true };
    if (bytes === null && usage.complete) note(() => rememberSnapshot(database, row, usage.bytes));
    yield entry(
      { kind: "snapshot", id, path, name: users.names.get(id), lastUsedAt: users.used.get(id), usedBy: users.usedBy.get(id) },
      usage,
    );
  }
  for (const name of names(paths.snapshots).filter((dir) => !known.has(dir))) yield unknown(join(paths.snapshots, name));
}

/** Stores the size of a snapshot. A snapshot never changes, so it is measured once. */
export function rememberSnapshot(database: Database, row: number, bytes: number): void {
  database.run("UPDATE layers SET bytes = ? WHERE id = ? AND unpacked = 1", bytes, row);
}

/** Stores the current size of a cache mount. */
export function rememberMount(database: Database, id: string, bytes: number): void {
  database.run("UPDATE mounts SET bytes = ? WHERE id = ?", bytes, id);
}

function* tocs({ tocs }: Parts, users: Users): Iterable<Usage> {
  for (const { diffId } of tocs.list()) {
    const path = tocs.path(diffId);
    const usedBy = users.usedBy.get(diffId);
    yield entry(
      { kind: "toc", id: diffId, path, name: users.names.get(diffId), lastUsedAt: users.used.get(diffId), usedBy },
      { bytes: ownUsage(path), complete: true },
    );
  }
}

function* mounts({ database, paths, note }: Parts, users: Users): Iterable<Usage> {
  const known = new Set<string>();
  const rows = database.all<{ id: string; dir: string; used_at: number; name: string | null; bytes: number | null }>(
    "SELECT id, dir, used_at, name, bytes FROM mounts ORDER BY id",
  );
  for (const { id, dir, used_at, name, bytes: before } of rows) {
    known.add(dir);
    const path = join(paths.mounts, dir);
    const seen = diskUsage(path);
    if (seen.complete) note(() => rememberMount(database, id, seen.bytes));
    // For a mount that cannot be read from here, the worker's last measurement counts.
    const usage = seen.complete ? seen : { ...seen, bytes: Math.max(seen.bytes, before ?? 0) };
    const running = users.mounts.has(id);
    yield entry({ kind: "mount", id, path, name: name ?? undefined, lastUsedAt: used_at, usedBy: { ...NOBODY, running } }, usage);
  }
  for (const name of names(paths.mounts).filter((dir) => !known.has(dir))) yield unknown(join(paths.mounts, name));
}

/**
 * Yields the rest of the store: the index and its log, derived files, files of running processes,
 * and the directories themselves.
 */
function* others(paths: StorePaths): Iterable<Usage> {
  const listed = [paths.blobs, paths.snapshots, paths.toc, paths.mounts];
  const directories = [paths.root, paths.base, join(paths.base, "blobs"), ...listed];
  yield whole("directories", paths.base, { bytes: directories.reduce((sum, path) => sum + ownUsage(path), 0), complete: true });
  for (const directory of [paths.root, paths.base, join(paths.base, "blobs")]) {
    for (const path of names(directory).map((name) => join(directory, name))) {
      if (!directories.includes(path)) yield whole(path, path, diskUsage(path));
    }
  }
}

function whole(id: string, path: string, usage: DiskUsage): Usage {
  return entry({ kind: "other", id, path, name: undefined, lastUsedAt: undefined, usedBy: undefined, inUse: true }, usage);
}

/** Returns the usage of a staging directory, or of a tree that waits to be removed. */
function unknown(path: string): Usage {
  return entry({ kind: "other", id: path, path, name: undefined, lastUsedAt: undefined, usedBy: undefined, inUse: false }, diskUsage(path));
}

function names(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
