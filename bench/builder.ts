/**
 * A build that a workload asks of every builder. Paths are the benchmark's own; a builder maps them
 * where it has another root.
 */
export interface Job {
  readonly context: string;
  /** `oci`: an OCI archive at `dest`. `none`: the result is built and kept as cache only. */
  readonly output: { readonly type: "oci"; readonly dest: string } | { readonly type: "none" };
  readonly noCache?: boolean;
  /** True builds the targets of the context's bake file; the outputs are the file's. */
  readonly bake?: boolean;
  readonly memory?: boolean;
  /** True gives our steps limits that they do not reach. All others have none. */
  readonly limits?: boolean;
  /** True gives our steps a network of their own. All others have the host's. */
  readonly ownNetwork?: boolean;
}

export interface Measured {
  /** Duration in milliseconds. */
  readonly duration: number;
  /** Peak memory in bytes; undefined where another program's process does the work. */
  readonly peakMemory: number | undefined;
}

/** One side of a comparison. */
export interface Builder {
  /** Column of the table. */
  readonly name: string;
  build(job: Job): Promise<Measured>;
  /** Removes every cached step and base image. */
  clear(): Promise<void>;
  close(): Promise<void>;
}
