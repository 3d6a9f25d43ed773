/** A build that has ended, with the number of what arrived at the machine's loopback. */
export interface Built {
  readonly code: number | null;
  readonly text: string;
  readonly arrived: number;
}

/** Builds on the machine of `machine-main.ts`, by what was installed there. */
export interface MachineReport {
  readonly pasta: Built;
  readonly slirp4netns: Built;
  readonly without: Built;
  readonly withoutPrivate: Built;
  /** A stack that fails is the only one. */
  readonly failing: Built;
  /** Another stack is there besides. */
  readonly second: Built;
  /** TSBUILD_NETWORK says that the host's is wanted. */
  readonly told: Built;
  /** Processes of stacks that are still there in the end. */
  readonly left: string;
}
