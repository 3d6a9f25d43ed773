import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../../core/digest.js";
import { measureUsage, rememberMount, rememberSnapshot } from "./accounting.js";
import type { BlobGraph } from "../index/blob-graph.js";
import { UNFINISHED_MOUNT } from "../content/cache-mounts.js";
import { type CollectPlan, planCollection } from "./collect-plan.js";
import { collectState, measureSizes, type Sizes, TOC_GRACE } from "./collect-state.js";
import type { Database } from "../database/database.js";
import { pruneStacks } from "../database/stack-rows.js";
import { diskUsage, ownUsage } from "../disk-usage.js";
import { ioError, isUnwritable } from "../errors.js";
import { layerId, layerRow } from "../layer-id.js";
import type { StoreLeases } from "../processes/leases.js";
import type { Orphans } from "../processes/orphans.js";
import type { Owner } from "../processes/owner.js";
import type { StorePaths } from "../paths.js";
import { removeStaleFiles } from "./stale-files.js";
import { findReferences } from "./references.js";
import { RESERVE, keepReserve, mayReleaseReserve, releaseReserve } from "./reserve.js";
import type { BlobStore } from "../contract/blobs.js";
import type { CollectOptions, Collector, CollectPolicy, CollectReport, Removed, Usage } from "../contract/collector.js";
import type { LayerId } from "../contract/layers.js";
import type { Memo } from "../contract/memo.js";
import type { TocStore } from "../content/toc-store.js";
import { estimateSnapshot, type StoreTotals } from "../database/totals.js";
import { verifyBlobs, verifyStore } from "./verify.js";

/**
 * Files that are measured to learn what a build added. A larger tree is measured with the whole
 * store.
 */
const QUICK_LOOK = 20_000;

interface CollectorParts {
  readonly database: Database;
  readonly paths: StorePaths;
  readonly owner: Owner;
  readonly blobs: BlobStore;
  readonly tocs: TocStore;
  readonly graph: BlobGraph;
  readonly memo: Memo;
  readonly leases: StoreLeases;
  readonly orphans: Orphans;
  readonly totals: StoreTotals;
  readonly images: { mirror(): void };
  /** Cleans up after processes that died since this handle was opened. */
  readonly reap: () => void;
}

/**
 * Runs a write. Returns false on a full disk, where making room comes first, and on a read-only
 * one.
 */
function note(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (!isUnwritable(error)) throw error;
    return false;
  }
}

/** Ends a dry run: the transaction is rolled back. */
class DryRun extends Error {}

export class StoreCollector implements Collector {
  readonly #parts: CollectorParts;

  constructor(parts: CollectorParts) {
    this.#parts = parts;
  }

  usage(): readonly Usage[] {
    const { database, totals } = this.#parts;
    if (!database.exists) return [];
    const before = totals.measuring();
    const usage = measureUsage({ ...this.#parts, note });
    note(() =>
      totals.measured(
        usage.reduce((sum, { bytes }) => sum + bytes, 0),
        before,
      ),
    );
    return usage;
  }

  remember(sizes: ReadonlyMap<Usage, number>): void {
    const { database, totals } = this.#parts;
    note(() =>
      database.transaction(() => {
        for (const [{ kind, id, bytes: seen }, bytes] of sizes) {
          totals.addBytes(bytes - seen);
          if (kind === "snapshot") rememberSnapshot(database, layerRow(id) ?? 0, bytes);
          if (kind === "mount") rememberMount(database, id, bytes);
        }
      }),
    );
  }

  exceeds(limit: number): boolean {
    const { database, totals } = this.#parts;
    if (!database.exists) return false;
    this.addOpen();
    const current = totals.current();
    if (!current) return totals.grew;
    return current.most > Math.max(limit, current.collectAbove);
  }

  /** Adds the unpacked layers and mounts of this handle to the running total. */
  addOpen(): void {
    const { database, paths, totals, tocs } = this.#parts;
    const { snapshots, mounts } = totals.takeOpen();
    for (const row of snapshots) {
      const layer = database.get<{ diff_id: Digest | null }>("SELECT diff_id FROM layers WHERE id = ? AND unpacked = 1", row);
      const toc = layer?.diff_id ? tocs.recent(layer.diff_id) : undefined;
      totals.addBytes(toc ? estimateSnapshot(toc) : diskUsage(join(paths.snapshots, layerId(row)), QUICK_LOOK).bytes);
    }
    for (const id of mounts) {
      const mount = database.get<{ dir: string; bytes: number | null }>("SELECT dir, bytes FROM mounts WHERE id = ?", id);
      const usage = mount && diskUsage(join(paths.mounts, mount.dir), QUICK_LOOK);
      if (!usage?.complete) continue;
      totals.addBytes(usage.bytes - (mount?.bytes ?? 0));
      rememberMount(database, id, usage.bytes);
    }
  }

  pauseUntil(collectAbove: number): void {
    this.#parts.totals.collectAbove(collectAbove);
  }

  recover(): void {
    const { database, owner, reap, paths } = this.#parts;
    const cleanUp = (): void => {
      // The first time, taking the lock cleans up.
      if (owner.taken) reap();
      else owner.directory();
    };
    if (note(cleanUp)) return;
    // On a full disk the reserve takes the writes of the clean-up; without one the log, once empty.
    const reserved = existsSync(paths.reserve);
    if (!reserved) database.emptyLog();
    else if (!mayReleaseReserve(paths.reserve)) return;
    note(cleanUp);
    if (reserved) keepReserve(paths.reserve);
  }

  collect(policy: CollectPolicy | readonly CollectPolicy[] = {}, { dryRun = false }: CollectOptions = {}): CollectReport {
    const { database, orphans, paths, totals } = this.#parts;
    const removed: Removed[] = [];
    try {
      // A disk that had no room for the reserve has little for the log.
      if (!existsSync(paths.reserve)) database.emptyLog();
      releaseReserve(paths.reserve);
      this.recover();
      const sizes = this.#sizes([policy].flat());
      const { trees, diffIds } = database.transaction(() => {
        const dropped = this.#dropRows([policy].flat(), sizes, removed);
        if (!dryRun) return dropped;
        this.#sweepFiles(dropped.diffIds, removed, () => {});
        throw new DryRun();
      });
      const swept: string[] = [];
      // A transaction of its own: the rows are gone for good, and no process can refer to a file
      // while it is checked and moved away.
      database.transaction(() => {
        this.#sweepFiles(diffIds, removed, (path) => swept.push(this.#takeAway(path)));
        totals.addBytes(-removed.reduce((sum, { bytes }) => sum + bytes, 0));
      });
      for (const path of swept) rmSync(path, { force: true });
      orphans.remove(trees);
      removeStaleFiles(paths);
    } catch (error) {
      if (!(error instanceof DryRun)) throw ioError(`Cannot collect in "${paths.root}"`, error);
    } finally {
      keepReserve(paths.reserve);
    }
    return { removed, bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  sweepBlobs(from: readonly Digest[]): readonly Digest[] {
    const { database, owner, blobs, graph, memo, leases, totals } = this.#parts;
    owner.directory();
    return database.transaction(() => {
      leases.dropDead();
      const referenced = findReferences(database, graph, memo).blobs;
      const removed = [...graph.reachable(from)].filter((digest) => !referenced.has(digest) && blobs.has(digest));
      totals.addBytes(-removed.reduce((sum, digest) => sum + ownUsage(blobs.path(digest)), 0));
      for (const digest of removed) rmSync(blobs.path(digest), { force: true });
      return removed;
    });
  }

  verify({ content = false }: { readonly content?: boolean } = {}): readonly string[] {
    return [...verifyStore(this.#parts), ...(content ? verifyBlobs(this.#parts.blobs) : [])];
  }

  /** Measures the store, when a policy makes room by size. */
  #sizes(policies: readonly CollectPolicy[]): Sizes {
    const total = policies.some(({ keepBytes }) => keepBytes !== undefined)
      ? this.usage()
          .filter(({ id }) => id !== this.#parts.paths.reserve)
          .reduce((sum, { bytes }) => sum + bytes, RESERVE)
      : 0;
    return measureSizes(this.#parts, total);
  }

  /**
   * Removes results and mounts by policy, then unreferenced layers. Returns the trees on the disk
   * that are orphans now, and the diffIDs that name the layers' TOCs.
   */
  #dropRows(
    policies: readonly CollectPolicy[],
    sizes: Sizes,
    removed: Removed[],
  ): { readonly trees: readonly string[]; readonly diffIds: ReadonlySet<Digest> } {
    const { database, leases, orphans } = this.#parts;
    leases.dropDead();
    pruneStacks(database);
    const plan = planCollection(collectState(this.#parts, sizes), policies);
    removed.push(...plan.removed);
    const trees = [...this.#trees(plan)];
    for (const { path, removal } of trees) {
      orphans.add(path);
      if (removal) removed.push(removal);
    }
    for (const id of plan.results) database.run("DELETE FROM results WHERE id = ?", Number(id));
    pruneStacks(database);
    for (const id of plan.images) database.run("DELETE FROM images WHERE digest = ? AND name IS NULL", id);
    if (plan.images.length > 0) this.#parts.images.mirror();
    for (const id of plan.mounts) database.run("DELETE FROM mounts WHERE id = ?", id);
    const diffIds = new Set<Digest>();
    for (const id of plan.layers) {
      const row = layerRow(id) ?? 0;
      const { diff_id } = database.get<{ diff_id: Digest | null }>("SELECT diff_id FROM layers WHERE id = ?", row) ?? { diff_id: null };
      if (diff_id !== null) diffIds.add(diff_id);
      database.run("DELETE FROM layers WHERE id = ?", row);
    }
    return { trees: trees.map(({ path }) => path), diffIds };
  }

  *#trees({ layers, mounts }: CollectPlan): Iterable<{ readonly path: string; readonly removal?: Removed }> {
    const { database, paths } = this.#parts;
    const going = new Set<LayerId>(layers);
    const rows = database.all<{ id: number; bytes: number | null }>("SELECT id, bytes FROM layers WHERE unpacked = 1 AND draft = 0");
    for (const { id: row, bytes } of rows) {
      const id = layerId(row);
      if (!going.has(id)) continue;
      const path = join(paths.snapshots, id);
      const size = bytes ?? diskUsage(path).bytes;
      yield { path, removal: { kind: "snapshot", id, name: undefined, bytes: size, why: "unreferenced", usedAt: undefined } };
    }
    for (const id of mounts) {
      const row = database.get<{ dir: string }>("SELECT dir FROM mounts WHERE id = ?", id);
      if (!row) continue;
      yield { path: join(paths.mounts, row.dir) };
      const making = join(paths.mounts, row.dir + UNFINISHED_MOUNT);
      if (existsSync(making)) yield { path: making };
    }
  }

  /**
   * Removes the TOCs of removed layers (`diffIds`), and old TOCs without a layer. A TOC that a
   * build was about to use is made again from its layer.
   */
  #sweepFiles(diffIds: ReadonlySet<Digest>, removed: Removed[], remove: (path: string) => void): void {
    const { database, graph, memo, blobs, tocs } = this.#parts;
    const references = findReferences(database, graph, memo);
    const sweep = (kind: "blob" | "toc", id: string, path: string) => {
      removed.push({ kind, id, name: undefined, bytes: ownUsage(path), why: "unreferenced", usedAt: undefined });
      remove(path);
    };
    for (const { digest } of blobs.list()) if (!references.blobs.has(digest)) sweep("blob", digest, blobs.path(digest));
    for (const { diffId, writtenAt } of tocs.list()) {
      if (references.diffIds.has(diffId) || (!diffIds.has(diffId) && writtenAt > Date.now() - TOC_GRACE)) continue;
      tocs.forget(diffId);
      sweep("toc", diffId, tocs.path(diffId));
    }
  }

  /**
   * Moves a file away. A rename is quick; other processes wait as long as the transaction lasts.
   */
  #takeAway(path: string): string {
    const aside = this.#parts.owner.temporaryPath("gone");
    renameSync(path, aside);
    return aside;
  }
}
