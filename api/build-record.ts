import type { StepExplanation } from "../core/events.js";

/** One step of a recorded build. */
export interface RecordedStep {
  /** From 1, in the order they began. */
  readonly number: number;
  readonly name: string;
  readonly status: "completed" | "cached" | "failed" | "canceled";
  /** Milliseconds since the build began. */
  readonly startedAt: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly error?: { readonly code: string; readonly message: string };
  /** Bytes it printed. */
  readonly logBytes: number;
  readonly explanation?: StepExplanation;
}

export interface RecordedWarning {
  readonly code: string;
  readonly rule?: string;
  readonly message: string;
  readonly line?: number;
}

/** What a build's record holds beside its summary; kept as JSON. */
export interface BuildDetail {
  readonly version: 1;
  readonly platforms: readonly string[];
  /** Build arguments; the values of those whose names tell of a secret are left out. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly noCache: boolean | readonly string[];
  readonly steps: readonly RecordedStep[];
  readonly error?: { readonly code: string; readonly message: string; readonly step?: string };
  readonly result?: {
    readonly imageId: string;
    readonly digest?: string;
    readonly exports: readonly string[];
  };
  readonly warnings: readonly RecordedWarning[];
}
