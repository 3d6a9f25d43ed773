import type { Builder, Job } from "./builder.js";

/** Resources of a workload: an empty directory that every builder can read, and base images. */
export interface Bench {
  readonly directory: string;
  /**
   * Returns the reference of a base image with about this many megabytes of data; made on first
   * use.
   */
  readonly base: (megabytes: number) => Promise<string>;
}

/** One line of the table: a state, and the build that is timed in it. */
export interface Case {
  readonly name: string;
  /** Goal as a ratio of our time to the peer's, from docs/architecture.md; for the table only. */
  readonly goal?: number;
  /** Builders besides the peers: `library` adds the in-process one. */
  readonly library?: boolean;
  /** Brings a builder into the state before each round; not timed. */
  readonly before: (builder: Builder, round: number) => Promise<void>;
  readonly job: Job;
}

export interface Workload {
  readonly name: string;
  readonly title: string;
  prepare(bench: Bench): Promise<readonly Case[]>;
}
