import type { Diagnostic } from "./diagnostics.js";
import type { Digest } from "./digest.js";

/** Identity of a step in the event stream: the digest of its vertex, or one made for a step outside the graph (exports, loads). */
export type StepId = Digest;

export interface StepInfo {
  readonly id: StepId;
  /** As shown, for example `[build 2/4] RUN make`. */
  readonly name: string;
  readonly inputs: readonly StepId[];
}

export interface EventError {
  readonly code: string;
  readonly message: string;
}

/** One thing in which a step differs from the nearest earlier run of it. */
export interface StepChange {
  readonly kind: "file" | "env" | "arg" | "command" | "instruction" | "option" | "platform" | "base" | "parent";
  /** What differs: a path, the name of a variable, argument or option, of a base image or of another step. */
  readonly subject: string;
  readonly from?: string;
  readonly to?: string;
  /** For people, without a period, to be read after "because": `src/main.c changed (content)`. */
  readonly text: string;
}

/** The stored result that a step was compared with, or that took its place. */
export interface StepRecord {
  /** In the store; undefined while only a cache elsewhere has it. */
  readonly id?: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Id of the build that made it, when that was recorded. */
  readonly build?: string;
}

/** Why a step ran, or what it was cached from. */
export interface StepExplanation {
  readonly outcome: "ran" | "cached";
  /**
   * `changed`: it differs from the nearest earlier run; `new`: there is none; `no-cache`: it was told to run; `expired`: its result was too
   * old; `gone`: there was a result, but it is no longer there; `unfinished`: it failed or was canceled the last time; `found`: it did not run;
   * `covered`: it was not even looked at, because what stands on it was found.
   */
  readonly reason: "changed" | "new" | "no-cache" | "expired" | "gone" | "unfinished" | "found" | "covered";
  /** For people, without a period: for a step that ran, to be read after "because". */
  readonly text: string;
  /** What differs, the most telling first; long lists are cut. */
  readonly changes: readonly StepChange[];
  readonly record?: StepRecord;
}

/**
 * Everything a build says while it runs: flat plain data, the same for every renderer and the library's callback.
 * `at` is milliseconds since the epoch, with fractions. A step that is `started` ends with exactly one of
 * `completed`, `cached`, `failed`, `canceled`; `cached` may also come without `started`. A base image's step may be `started` again
 * after its end, when its layers are fetched or unpacked for another step, and ends again.
 */
export type BuildEvent =
  | { readonly type: "steps"; readonly steps: readonly StepInfo[] }
  | { readonly type: "started"; readonly step: StepId; readonly at: number }
  /** `key`: where the store finds the step's result as long as it is there; a step that needs no cache has none. */
  | { readonly type: "cached"; readonly step: StepId; readonly at: number; readonly key?: string }
  | { readonly type: "completed"; readonly step: StepId; readonly at: number; readonly key?: string }
  | { readonly type: "failed"; readonly step: StepId; readonly at: number; readonly error: EventError }
  | { readonly type: "canceled"; readonly step: StepId; readonly at: number }
  /** Bytes a step printed, in order of arrival; not cut at line ends. */
  | { readonly type: "output"; readonly step: StepId; readonly at: number; readonly stream: "stdout" | "stderr"; readonly data: Uint8Array }
  /** Progress of one named part of a step, such as a layer that is downloaded. `total` in bytes when known. */
  | {
      readonly type: "progress";
      readonly step: StepId;
      readonly at: number;
      readonly item: string;
      readonly current: number;
      readonly total?: number;
      readonly done: boolean;
    }
  /** Comes before the step's `cached`, or after its `started`. */
  | { readonly type: "explained"; readonly step: StepId; readonly at: number; readonly explanation: StepExplanation }
  | { readonly type: "warning"; readonly step?: StepId; readonly diagnostic: Diagnostic };

export type EventSink = (event: BuildEvent) => void;

/** Milliseconds since the epoch with a monotonic fraction. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
