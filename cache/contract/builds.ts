import type { Readable } from "node:stream";

/** Summary of a build that has ended, without its details. */
export interface BuildSummary {
  /** Id of letters and digits; unique. */
  readonly id: string;
  /** Milliseconds since the epoch at which the build began. */
  readonly createdAt: number;
  /** Duration in milliseconds. */
  readonly duration: number;
  /**
   * `interrupted` means that the process died (kill -9, the machine) before it could record the
   * end.
   */
  readonly status: "completed" | "failed" | "canceled" | "interrupted";
  /** Directory or address of the context. */
  readonly context: string;
  readonly dockerfile: string;
  readonly target: string | undefined;
  /** Names that the result was given. */
  readonly names: readonly string[];
  /** Digest of the image's config. */
  readonly imageId: string | undefined;
  /**
   * Steps of the Dockerfile that the build reached: those that completed, were cached, failed, or
   * were canceled.
   */
  readonly steps: number;
  readonly executed: number;
  readonly cached: number;
  readonly failed: number;
  readonly canceled: number;
  /** Name of the step that failed, or that was running when the build was interrupted. */
  readonly failedStep?: string;
  readonly warnings: number;
}

export interface BuildRecord extends BuildSummary {
  /** All other details as JSON, in the writer's format. */
  readonly detail: string;
}

/** A note that a running build writes, so that a record is left when its process dies. */
export interface BuildNote {
  /** Members of the record that are known by now; the first note has all of them. */
  readonly build: Partial<Omit<BuildRecord, "detail">>;
  /** Members of `detail` beside `steps`, in the first note. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** Members of `detail.steps`. Each replaces the earlier note of the step with its number. */
  readonly steps: readonly StepNote[];
}

/**
 * Members of a noted step that the store reads. For an `interrupted` step the store fills in the
 * last two.
 */
export interface StepNote {
  readonly number: number;
  readonly status?: string;
  /** Milliseconds since the build began. */
  readonly startedAt?: number;
  /** Duration in milliseconds. */
  readonly duration?: number;
  /** Bytes that the step printed. */
  readonly logBytes?: number;
}

/** Limits of the history: a build is dropped when it exceeds any of the three. */
export interface HistoryLimits {
  /** Number of builds. Default 500. */
  readonly builds: number;
  /** Age in milliseconds. Default 90 days. */
  readonly age: number;
  /** Bytes of compressed logs. Default 256 MiB. */
  readonly bytes: number;
}

/**
 * Builds that have ended. The oldest are dropped when the limits are exceeded. The notes of a build
 * whose process died become a record as soon as any process lists builds or writes to the store.
 * Every method may fail for want of room or rights, and no build depends on one.
 */
export interface BuildHistory {
  /** Returns the log writer of a build. Makes nothing before the first byte or note. */
  logs(id: string): BuildLogs;
  /** Keeps a build with its logs, and drops builds that exceed the limits. */
  add(build: BuildRecord, logs: BuildLogs): void;
  /**
   * Does the same a moment later. Builds that printed nothing and end in one moment are kept in one
   * commit.
   */
  addSoon(build: BuildRecord, logs: BuildLogs): Promise<void>;
  /** Returns the builds, newest first. */
  list(): readonly BuildSummary[];
  get(id: string): BuildRecord | undefined;
  /** Opens the output of step `index`. Returns undefined when the step printed nothing. */
  openLog(id: string, index: number): Readable | undefined;
  /** Removes builds, and returns how many of them existed. */
  remove(ids: readonly string[]): number;
}

/** The logs of one build while it runs. */
export interface BuildLogs {
  /** Appends to the log of step `index` at once: nothing is buffered in memory. */
  write(index: number, data: Uint8Array): void;
  /** Adds to the notes that are left when the process dies. */
  note(note: BuildNote): void;
  /** Ends the log of a step, which is compressed while the build goes on. */
  end(index: number): void;
  /** Ends every log and waits until all are on disk. */
  finish(): Promise<void>;
  /** Drops all logs. Idempotent. */
  discard(): void;
}
