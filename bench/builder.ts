/** What a workload asks of every builder. Paths are the benchmark's own; a builder maps them where it sees another root. */
export interface Job {
  readonly context: string;
  /** `oci`: an OCI archive at `dest`. `none`: the result is built and kept as cache only. */
  readonly output: { readonly type: "oci"; readonly dest: string } | { readonly type: "none" };
  readonly noCache?: boolean;
  readonly memory?: boolean;
}

export interface Measured {
  /** Milliseconds. */
  readonly duration: number;
  /** Bytes; undefined where the work is done in a process that is not ours to see. */
  readonly peakMemory: number | undefined;
}

/** One side of a comparison. */
export interface Builder {
  /** Column of the table. */
  readonly name: string;
  build(job: Job): Promise<Measured>;
  /** Forgets everything: no cached step, no base image. */
  clear(): Promise<void>;
  close(): Promise<void>;
}
