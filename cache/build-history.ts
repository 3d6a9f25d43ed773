import { createReadStream, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { makeDirectory } from "../core/make-directory.js";
import { FileBuildLogs } from "./build-logs.js";
import type { Database } from "./database.js";
import { diskUsage } from "./disk-usage.js";
import type { Owner } from "./owner.js";
import type { BuildHistory, BuildLogs, BuildRecord, BuildSummary, HistoryLimits } from "./contract/builds.js";

export const DEFAULT_LIMITS: HistoryLimits = { builds: 500, age: 90 * 24 * 3_600_000, bytes: 256 << 20 };

interface Row {
  readonly summary: string;
  readonly detail: string;
}

/** Builds as rows, their logs as directories `builds/<id>`. A build without output costs one row and no file. */
export class IndexedBuilds implements BuildHistory {
  constructor(
    private readonly database: Database,
    private readonly owner: Owner,
    private readonly directory: string,
    private readonly limits: HistoryLimits,
  ) {}

  logs(): BuildLogs {
    return new FileBuildLogs(() => this.owner.temporaryDirectory());
  }

  add({ detail, ...summary }: BuildRecord, logs: BuildLogs): void {
    const written = logs instanceof FileBuildLogs ? logs.directory : undefined;
    const gone = this.database.transaction(() => {
      let bytes = 0;
      if (written !== undefined) {
        bytes = diskUsage(written).bytes;
        makeDirectory(this.directory);
        this.#dropUnknown();
        renameSync(written, join(this.directory, summary.id));
      }
      this.database.run(
        "INSERT INTO builds (id, created_at, log_bytes, summary, detail) VALUES (?, ?, ?, ?, ?)",
        summary.id,
        Math.round(summary.createdAt),
        bytes,
        JSON.stringify(summary),
        detail,
      );
      return this.#dropExceeding(summary.id, bytes > 0);
    });
    this.#dropLogs(gone);
  }

  list(): readonly BuildSummary[] {
    if (!this.database.exists) return [];
    return this.database
      .all<Pick<Row, "summary">>("SELECT summary FROM builds ORDER BY created_at DESC, seq DESC")
      .map(({ summary }) => summaryOf(summary));
  }

  get(id: string): BuildRecord | undefined {
    if (!this.database.exists) return undefined;
    const row = this.database.get<Row>("SELECT summary, detail FROM builds WHERE id = ?", id);
    return row && { ...summaryOf(row.summary), detail: row.detail };
  }

  openLog(id: string, index: number): Readable | undefined {
    const path = join(this.directory, id, `${index}.gz`);
    if (!existsSync(path)) return undefined;
    const unpacked = createGunzip();
    const file = createReadStream(path);
    file.on("error", (error) => unpacked.destroy(error));
    return file.pipe(unpacked);
  }

  remove(ids: readonly string[]): number {
    if (!this.database.exists) return 0;
    const removed = this.database.transaction(() => ids.filter((id) => this.#drop(id)));
    this.#dropLogs(removed);
    return removed.length;
  }

  #drop(id: string): boolean {
    return this.database.run("DELETE FROM builds WHERE id = ?", id).changes > 0;
  }

  /**
   * What exceeds the limits, oldest first; the sum of bytes changes only with builds that have logs. The newest build keeps its logs, however
   * long they are.
   */
  #dropExceeding(newest: string, withBytes: boolean): readonly string[] {
    const { builds, age, bytes } = this.limits;
    const order = "ORDER BY created_at DESC, seq DESC";
    const ids = this.database.all<{ id: string }>(
      `SELECT id FROM (SELECT id FROM builds ${order} LIMIT -1 OFFSET ?) UNION SELECT id FROM builds WHERE created_at < ?`,
      builds,
      Date.now() - age,
    );
    if (withBytes) {
      ids.push(
        ...this.database.all<{ id: string }>(
          `SELECT id FROM (SELECT id, log_bytes, sum(log_bytes) OVER (${order}) AS total FROM builds)
           WHERE total > ? AND log_bytes > 0 AND id <> ?`,
          bytes,
          newest,
        ),
      );
    }
    return [...new Set(ids.map(({ id }) => id))].filter((id) => this.#drop(id));
  }

  /** Rows go first; a directory that stays behind is dropped with the next build that has logs. */
  #dropLogs(ids: readonly string[]): void {
    for (const id of ids) rmSync(join(this.directory, id), { recursive: true, force: true });
  }

  /** Directories of no build: of a crash between renaming and commit, or of an index that was made anew. Inside the transaction. */
  #dropUnknown(): void {
    const known = new Set(this.database.all<{ id: string }>("SELECT id FROM builds WHERE log_bytes > 0").map(({ id }) => id));
    this.#dropLogs(readdirSync(this.directory).filter((name) => !known.has(name)));
  }
}

/** JSON leaves out what is undefined. */
function summaryOf(text: string): BuildSummary {
  return { target: undefined, imageId: undefined, ...(JSON.parse(text) as Omit<BuildSummary, "target" | "imageId">) };
}
