import type { Readable } from "node:stream";

/** What is known of a build once it has ended, without its details. */
export interface BuildSummary {
  /** Letters and digits; unique. */
  readonly id: string;
  /** Milliseconds since the epoch: when it began. */
  readonly createdAt: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly status: "completed" | "failed" | "canceled";
  /** Directory or address. */
  readonly context: string;
  readonly dockerfile: string;
  readonly target: string | undefined;
  /** Names the result was given. */
  readonly names: readonly string[];
  /** Digest of the image's config. */
  readonly imageId: string | undefined;
  readonly steps: number;
  readonly executed: number;
  readonly cached: number;
  readonly warnings: number;
}

export interface BuildRecord extends BuildSummary {
  /** Everything else as JSON, for whoever wrote it. */
  readonly detail: string;
}

/** How much history is kept: a build goes when it exceeds any of the three. */
export interface HistoryLimits {
  /** Builds. Default 500. */
  readonly builds: number;
  /** Milliseconds. Default 90 days. */
  readonly age: number;
  /** Bytes of compressed logs. Default 256 MiB. */
  readonly bytes: number;
}

/**
 * Builds that have ended, the oldest of which go when the limits are exceeded. Everything here may fail for want of room or rights, and
 * nothing here is needed by a build.
 */
export interface BuildHistory {
  /** A place for what the steps of a build that begins print. Nothing is made before the first byte. */
  logs(): BuildLogs;
  /** Keeps a build with its logs, and drops what exceeds the limits. */
  add(build: BuildRecord, logs: BuildLogs): void;
  /** Newest first. */
  list(): readonly BuildSummary[];
  get(id: string): BuildRecord | undefined;
  /** What step `index` of the build printed; undefined when it printed nothing. */
  openLog(id: string, index: number): Readable | undefined;
  /** Answers how many of them there were. */
  remove(ids: readonly string[]): number;
}

/** The logs of one build while it runs. */
export interface BuildLogs {
  /** Appends to the log of step `index`, at once: nothing piles up in memory. */
  write(index: number, data: Uint8Array): void;
  /** The step prints no more: its log is compressed beside what follows. */
  end(index: number): void;
  /** Ends every log and waits until all are on disk. */
  finish(): Promise<void>;
  /** Drops everything. Idempotent. */
  discard(): void;
}
