import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { JOURNAL, readJournal, RUNNING } from "./build-journal.js";
import { FileBuildLogs } from "./build-logs.js";
import type { Database } from "../database/database.js";
import { diskUsage } from "../disk-usage.js";
import type { Owner } from "../processes/owner.js";
import type { StorePaths } from "../paths.js";
import { makeStoreDirectory } from "../private-directory.js";
import type { BuildHistory, BuildLogs, BuildRecord, BuildSummary, HistoryLimits } from "../contract/builds.js";

export const DEFAULT_LIMITS: HistoryLimits = { builds: 500, age: 90 * 24 * 3_600_000, bytes: 256 << 20 };

interface Row {
  readonly summary: string;
  readonly detail: string;
}

interface IndexedBuildsOptions {
  readonly database: Database;
  readonly owner: Owner;
  readonly paths: StorePaths;
  readonly limits: HistoryLimits;
  /** Cleans up after dead processes, and calls {@link recordInterrupted} for each of them. */
  readonly reap: () => void;
}

/**
 * Builds as rows, with their logs in directories `builds/<id>`. A build without output costs one
 * row and no file.
 */
export class IndexedBuilds implements BuildHistory {
  readonly #database: Database;
  readonly #owner: Owner;
  readonly #paths: StorePaths;
  readonly #limits: HistoryLimits;
  readonly #reap: () => void;
  /** Builds of the next commit. */
  readonly #waiting: (readonly [BuildRecord, BuildLogs])[] = [];
  #committed: Promise<void> | undefined;

  constructor({ database, owner, paths, limits, reap }: IndexedBuildsOptions) {
    this.#database = database;
    this.#owner = owner;
    this.#paths = paths;
    this.#limits = limits;
    this.#reap = reap;
  }

  logs(id: string): BuildLogs {
    return new FileBuildLogs(() => {
      const path = join(this.#owner.directory(), RUNNING + id);
      mkdirSync(path);
      return path;
    });
  }

  add(build: BuildRecord, logs: BuildLogs): void {
    this.#addAll([[build, logs]]);
  }

  async addSoon(build: BuildRecord, logs: BuildLogs): Promise<void> {
    if (logs instanceof FileBuildLogs && logs.printed) return this.add(build, logs);
    this.#waiting.push([build, logs]);
    this.#committed ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#committed = undefined;
      this.#addAll(this.#waiting.splice(0));
    });
    await this.#committed;
  }

  #addAll(builds: readonly (readonly [BuildRecord, BuildLogs])[]): void {
    const gone = this.#database.transaction(() =>
      builds.flatMap(([build, logs]) => this.#insert(build, logs instanceof FileBuildLogs && logs.printed ? logs.directory : undefined)),
    );
    this.#dropLogs(gone);
    for (const [, logs] of builds) {
      if (logs instanceof FileBuildLogs && !logs.printed && logs.directory !== undefined)
        rmSync(logs.directory, { recursive: true, force: true });
    }
  }

  /**
   * Turns the unfinished builds of a dead process into records, read from its directory. A build
   * that cannot be recorded does not stop the clean-up.
   */
  recordInterrupted(ownerDirectory: string): void {
    for (const name of readdirSync(ownerDirectory).filter((entry) => entry.startsWith(RUNNING))) {
      try {
        const directory = join(ownerDirectory, name);
        const build = readJournal(directory);
        if (!build) continue;
        const logs = readdirSync(directory).some((entry) => entry !== JOURNAL) ? directory : undefined;
        this.#dropLogs(this.#database.transaction(() => this.#insert(build, logs)));
      } catch {
        // A full disk, or rights: the directory is removed with the rest.
      }
    }
  }

  /**
   * Adds the row of a build, and returns the builds that it drops, whose logs are to be removed
   * after the commit. Call inside a transaction.
   */
  #insert({ detail, ...summary }: BuildRecord, logs: string | undefined): readonly string[] {
    let bytes = 0;
    if (logs !== undefined) {
      rmSync(join(logs, JOURNAL), { force: true });
      bytes = diskUsage(logs).bytes;
      makeStoreDirectory(this.#paths, this.#paths.builds);
      this.#dropUnknown();
      renameSync(logs, join(this.#paths.builds, summary.id));
    }
    this.#database.run(
      "INSERT INTO builds (id, created_at, log_bytes, summary, detail) VALUES (?, ?, ?, ?, ?)",
      summary.id,
      Math.round(summary.createdAt),
      bytes,
      JSON.stringify(summary),
      detail,
    );
    return this.#dropExceeding(summary.id, bytes > 0);
  }

  list(): readonly BuildSummary[] {
    if (!this.#database.exists) return [];
    this.#noticeInterrupted();
    return this.#database
      .all<Pick<Row, "summary">>("SELECT summary FROM builds ORDER BY created_at DESC, seq DESC")
      .map(({ summary }) => summaryOf(summary));
  }

  get(id: string): BuildRecord | undefined {
    if (!this.#database.exists) return undefined;
    const row = this.#database.get<Row>("SELECT summary, detail FROM builds WHERE id = ?", id);
    return row && { ...summaryOf(row.summary), detail: row.detail };
  }

  openLog(id: string, index: number): Readable | undefined {
    const plain = join(this.#paths.builds, id, String(index));
    // An uncompressed log belongs to an interrupted build, whose compressed log may be incomplete.
    if (existsSync(plain)) return createReadStream(plain);
    const path = `${plain}.gz`;
    if (!existsSync(path)) return undefined;
    const unpacked = createGunzip();
    const file = createReadStream(path);
    // Unlike `pipe`, this closes the file when the reader leaves.
    pipeline(file, unpacked, () => undefined);
    return unpacked;
  }

  remove(ids: readonly string[]): number {
    if (!this.#database.exists) return 0;
    const removed = this.#database.transaction(() => ids.filter((id) => this.#drop(id)));
    this.#dropLogs(removed);
    return removed.length;
  }

  /**
   * Looks for builds of dead processes and records them. Looks for other owners' directories first,
   * which needs no lock and no native code.
   */
  #noticeInterrupted(): void {
    try {
      if (this.#owner.others().some((directory) => readdirSync(directory).some((name) => name.startsWith(RUNNING)))) this.#reap();
    } catch {
      // Another process has just cleaned up, or this user may not. The list is right as it is.
    }
  }

  #drop(id: string): boolean {
    return this.#database.run("DELETE FROM builds WHERE id = ?", id).changes > 0;
  }

  /**
   * Returns the ids of builds that exceed the limits, oldest first. The sum of bytes changes only
   * with builds that have logs. The newest build keeps its logs, however long they are.
   */
  #dropExceeding(newest: string, withBytes: boolean): readonly string[] {
    const { builds, age, bytes } = this.#limits;
    const order = "ORDER BY created_at DESC, seq DESC";
    // The index answers this query: rows are large, and only those to drop are read.
    const ids = this.#database.all<{ id: string }>(
      `SELECT id FROM builds WHERE seq IN (SELECT seq FROM builds ${order} LIMIT -1 OFFSET ?) OR created_at < ?`,
      builds,
      Date.now() - age,
    );
    if (withBytes) {
      ids.push(
        ...this.#database.all<{ id: string }>(
          `SELECT id FROM (SELECT id, log_bytes, sum(log_bytes) OVER (${order}) AS total FROM builds)
           WHERE total > ? AND log_bytes > 0 AND id <> ?`,
          bytes,
          newest,
        ),
      );
    }
    return [...new Set(ids.map(({ id }) => id))].filter((id) => this.#drop(id));
  }

  /**
   * Removes the logs of builds whose rows were deleted. A directory that is left is dropped with
   * the next build that has logs.
   */
  #dropLogs(ids: readonly string[]): void {
    for (const id of ids) rmSync(join(this.#paths.builds, id), { recursive: true, force: true });
  }

  /**
   * Removes directories without a build: of a crash between rename and commit, or of an index that
   * was rebuilt. Call inside the transaction.
   */
  #dropUnknown(): void {
    const known = new Set(this.#database.all<{ id: string }>("SELECT id FROM builds WHERE log_bytes > 0").map(({ id }) => id));
    this.#dropLogs(readdirSync(this.#paths.builds).filter((name) => !known.has(name)));
  }
}

/** Returns a summary with the members that JSON left out because they were undefined. */
function summaryOf(text: string): BuildSummary {
  const known = JSON.parse(text) as Omit<BuildSummary, "target" | "imageId" | "failed" | "canceled">;
  // Records of earlier versions have no count of failed and canceled steps.
  return { target: undefined, imageId: undefined, failed: 0, canceled: 0, ...known };
}
