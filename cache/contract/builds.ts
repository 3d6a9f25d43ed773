import type { Readable } from "node:stream";

/** What is known of a build once it has ended, without its details. */
export interface BuildSummary {
  /** Letters and digits; unique. */
  readonly id: string;
  /** Milliseconds since the epoch: when it began. */
  readonly createdAt: number;
  /** Milliseconds. */
  readonly duration: number;
  /** `interrupted`: its process died (kill -9, the machine) before it could say how it ended. */
  readonly status: "completed" | "failed" | "canceled" | "interrupted";
  /** Directory or address. */
  readonly context: string;
  readonly dockerfile: string;
  readonly target: string | undefined;
  /** Names the result was given. */
  readonly names: readonly string[];
  /** Digest of the image's config. */
  readonly imageId: string | undefined;
  /** Steps of the Dockerfile that were come to: those that ran to their end, were cached, failed, or were called off. */
  readonly steps: number;
  readonly executed: number;
  readonly cached: number;
  readonly failed: number;
  readonly canceled: number;
  /** Name of the step that failed, or was running when the build was interrupted. */
  readonly failedStep?: string;
  readonly warnings: number;
}

export interface BuildRecord extends BuildSummary {
  /** Everything else as JSON, for whoever wrote it. */
  readonly detail: string;
}

/** What a running build notes of itself, so that something is left of it when its process dies. */
export interface BuildNote {
  /** What is known of the build by now; the first note has everything. */
  readonly build: Partial<Omit<BuildRecord, "detail">>;
  /** In the first note: the members of `detail` beside `steps`. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** Members of `detail.steps`: each takes the place of what was noted of the step with its number. */
  readonly steps: readonly StepNote[];
}

/** What the store itself reads of a noted step. Of one that is `interrupted` it fills in the last two. */
export interface StepNote {
  readonly number: number;
  readonly status?: string;
  /** Milliseconds since the build began. */
  readonly startedAt?: number;
  /** Milliseconds. */
  readonly duration?: number;
  /** Bytes it printed. */
  readonly logBytes?: number;
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
 * Builds that have ended, the oldest of which go when the limits are exceeded. Of one whose process died, what it had noted is kept as soon as
 * anybody lists builds or writes to the store. Everything here may fail for want of room or rights, and nothing here is needed by a build.
 */
export interface BuildHistory {
  /** A place for what the steps of a build with this id print. Nothing is made before the first byte or note. */
  logs(id: string): BuildLogs;
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
  /** Adds to what is left of the build when its process dies. */
  note(note: BuildNote): void;
  /** The step prints no more: its log is compressed beside what follows. */
  end(index: number): void;
  /** Ends every log and waits until all are on disk. */
  finish(): Promise<void>;
  /** Drops everything. Idempotent. */
  discard(): void;
}
