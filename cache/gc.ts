import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../core/digest.js";
import { systemErrorCode } from "../core/errors.js";
import { measureUsage } from "./accounting.js";
import type { BlobGraph } from "./blob-graph.js";
import type { Database } from "./database.js";
import { diskUsage } from "./disk-usage.js";
import { ioError } from "./errors.js";
import { layerId } from "./layer-id.js";
import type { StoreLeases } from "./leases.js";
import type { Orphans } from "./orphans.js";
import type { Owner } from "./owner.js";
import type { StorePaths } from "./paths.js";
import { findReferences, leased, referencedLayers } from "./references.js";
import { giveReserve, keepReserve, RESERVE } from "./reserve.js";
import type { BlobStore, Collector, CollectPolicy, CollectReport, Usage } from "./store.js";
import type { TocStore } from "./toc-store.js";
import { verifyStore } from "./verify.js";

/** Milliseconds for which a TOC is left alone that no layer names: its layer's row may be about to be written. */
const TOC_GRACE = 3_600_000;
/** Milliseconds after which memos and stat shards that nobody wrote again are taken for forgotten. */
const DERIVED_AGE = 30 * 24 * 3_600_000;

export interface CollectorParts {
  readonly database: Database;
  readonly paths: StorePaths;
  readonly owner: Owner;
  readonly blobs: BlobStore;
  readonly tocs: TocStore;
  readonly graph: BlobGraph;
  readonly leases: StoreLeases;
  readonly orphans: Orphans;
  /** Cleans up after processes that died since this handle was opened. */
  readonly reap: () => void;
}

type Removed = CollectReport["removed"][number];

/** Ends a dry run: the transaction is rolled back. */
class DryRun extends Error {}

export class StoreCollector implements Collector {
  constructor(private readonly parts: CollectorParts) {}

  usage(): readonly Usage[] {
    return measureUsage(this.parts);
  }

  collect(policy: CollectPolicy = {}): CollectReport {
    const { database, owner, orphans, reap, paths } = this.parts;
    const removed: Removed[] = [];
    try {
      if (!policy.dryRun) giveReserve(paths.reserve);
      owner.directory();
      reap();
      const trees = database.transaction(() => {
        const unused = this.#dropRows(policy, removed);
        if (!policy.dryRun) return unused;
        this.#sweepFiles(removed, () => {});
        throw new DryRun();
      });
      // In a transaction of its own: the rows are gone for good, and nobody can refer to a file while it is looked at and removed.
      database.transaction(() => this.#sweepFiles(removed, (path) => rmSync(path, { force: true })));
      orphans.remove(trees);
      this.#dropForgotten();
    } catch (error) {
      if (!(error instanceof DryRun)) throw ioError(`Cannot collect in "${paths.root}"`, error);
    } finally {
      keepReserve(paths.reserve);
    }
    return { removed, bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  sweepBlobs(from: readonly Digest[]): readonly Digest[] {
    const { database, owner, blobs, graph, leases } = this.parts;
    owner.directory();
    return database.transaction(() => {
      leases.dropDead();
      const referenced = findReferences(database, graph).blobs;
      const removed = [...graph.reachable(from)].filter((digest) => !referenced.has(digest) && blobs.has(digest));
      for (const digest of removed) rmSync(blobs.path(digest), { force: true });
      return removed;
    });
  }

  verify(): readonly string[] {
    return verifyStore(this.parts);
  }

  /** Results and mounts by policy, then layers nobody needs. Answers the trees on the disk that are orphans by that. */
  #dropRows(policy: CollectPolicy, removed: Removed[]): readonly string[] {
    const { database, leases, orphans, paths } = this.parts;
    leases.dropDead();
    const now = Date.now();
    const trees: string[] = [];
    const orphan = (kind: "snapshot" | "mount", id: string, path: string) => {
      removed.push({ kind, id, bytes: diskUsage(path).bytes });
      orphans.add(path);
      trees.push(path);
    };
    if (policy.unusedFor !== undefined) {
      const before = now - policy.unusedFor;
      for (const id of this.#results(before)) this.#dropResult(id, removed);
      if (policy.mounts) {
        const used = new Set(leased(database, "mount"));
        const mounts = database.all<{ id: string; dir: string }>("SELECT id, dir FROM mounts WHERE used_at <= ?", before);
        for (const { id, dir } of mounts.filter((mount) => !used.has(mount.id))) {
          database.run("DELETE FROM mounts WHERE id = ?", id);
          orphan("mount", id, join(paths.mounts, dir));
        }
      }
    }
    const dropLayers = () => {
      const needed = referencedLayers(database);
      for (const { id, unpacked } of database.all<{ id: number; unpacked: number }>("SELECT id, unpacked FROM layers WHERE draft = 0")) {
        if (needed.has(layerId(id))) continue;
        database.run("DELETE FROM layers WHERE id = ?", id);
        removed.push({ kind: "layer", id: layerId(id), bytes: 0 });
        if (unpacked === 1) orphan("snapshot", layerId(id), join(paths.snapshots, layerId(id)));
      }
    };
    dropLayers();
    if (policy.keepBytes !== undefined) {
      const remaining = this.#meter(trees);
      for (const id of this.#results(now)) {
        if (remaining() <= policy.keepBytes) break;
        this.#dropResult(id, removed);
        dropLayers();
      }
    }
    return trees;
  }

  /** Results that nobody leases and that were last used at or before a time, least recently used first. */
  #results(before: number): readonly number[] {
    const { database } = this.parts;
    const kept = new Set(leased(database, "result"));
    return database
      .all<{ id: number }>("SELECT id FROM results WHERE used_at <= ? ORDER BY used_at, id", before)
      .map(({ id }) => id)
      .filter((id) => !kept.has(String(id)));
  }

  #dropResult(id: number, removed: Removed[]): void {
    this.parts.database.run("DELETE FROM results WHERE id = ?", id);
    removed.push({ kind: "result", id: String(id), bytes: 0 });
  }

  /**
   * How many bytes the store would take if what is unreferenced, and the trees in this (growing) list, were gone and the reserve back.
   * Sizes are measured once, now.
   */
  #meter(trees: readonly string[]): () => number {
    const { database, graph, paths } = this.parts;
    const usage = this.usage().filter(({ id }) => id !== paths.reserve);
    return () => {
      const { blobs } = findReferences(database, graph);
      const gone = new Set(trees);
      return usage
        .filter(
          ({ kind, id }) =>
            !(kind === "blob" && !blobs.has(id as Digest)) && !gone.has(kind === "snapshot" ? join(paths.snapshots, id) : id),
        )
        .reduce((sum, { bytes }) => sum + bytes, RESERVE);
    };
  }

  #sweepFiles(removed: Removed[], remove: (path: string) => void): void {
    const { database, graph, blobs, tocs } = this.parts;
    const references = findReferences(database, graph);
    for (const { digest } of blobs.list()) {
      if (references.blobs.has(digest)) continue;
      removed.push({ kind: "blob", id: digest, bytes: diskUsage(blobs.path(digest)).bytes });
      remove(blobs.path(digest));
    }
    for (const { diffId, writtenAt } of tocs.list()) {
      if (references.diffIds.has(diffId) || writtenAt > Date.now() - TOC_GRACE) continue;
      removed.push({ kind: "toc", id: diffId, bytes: diskUsage(tocs.path(diffId)).bytes });
      remove(tocs.path(diffId));
    }
  }

  /** Derived files that were not written for a month, and what crashes left beside them. */
  #dropForgotten(): void {
    const { memo, stat } = this.parts.paths;
    for (const directory of [stat, ...readdirSync(memo).map((kind) => join(memo, kind))]) {
      for (const name of readdirSync(directory)) {
        const path = join(directory, name);
        const limit = name.startsWith(".") ? TOC_GRACE : DERIVED_AGE;
        try {
          if (statSync(path).mtimeMs < Date.now() - limit) rmSync(path, { force: true });
        } catch (error) {
          if (systemErrorCode(error) !== "ENOENT") throw error;
        }
      }
    }
  }
}
