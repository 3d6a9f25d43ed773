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

/**
 * Everything a build says while it runs: flat plain data, the same for every renderer and the library's callback.
 * `at` is milliseconds since the epoch, with fractions. A step that is `started` ends with exactly one of
 * `completed`, `cached`, `failed`, `canceled`; `cached` may also come without `started`.
 */
export type BuildEvent =
  | { readonly type: "steps"; readonly steps: readonly StepInfo[] }
  | { readonly type: "started"; readonly step: StepId; readonly at: number }
  | { readonly type: "cached"; readonly step: StepId; readonly at: number }
  | { readonly type: "completed"; readonly step: StepId; readonly at: number }
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
  | { readonly type: "warning"; readonly step?: StepId; readonly diagnostic: Diagnostic };

export type EventSink = (event: BuildEvent) => void;

/** Milliseconds since the epoch with a monotonic fraction. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
