import type { SandboxMount } from "../../executor-native/contract.js";
import type { Stack } from "../../solver/layers/ports.js";
import type { FailedStep } from "../../solver/ops/failed-step.js";

/** The state of a step: all that a command in it needs, without the values of secrets. */
export interface StepState extends Pick<FailedStep, "op" | "platform" | "secrets" | "secretEnv" | "limits"> {
  readonly summary: StepStateSummary;
  readonly layers: Stack;
  readonly mounts: readonly SandboxMount[];
}

/** A step as callers see it. */
export interface StepStateSummary {
  readonly name: string;
  /** Id of its build, when that is recorded. */
  readonly build?: string;
  /** Milliseconds since the epoch, for a step that failed. */
  readonly failedAt?: number;
  /** Command of a RUN. */
  readonly command: readonly string[];
  /** Paths of the mounts that it had, and whose files are gone. */
  readonly missing: readonly string[];
}
