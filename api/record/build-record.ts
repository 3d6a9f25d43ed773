import type { Readable } from "node:stream";
import type { BuildSummary } from "../../cache/contract/builds.js";

import type { StepExplanation } from "../../core/events.js";
import { recordedStep } from "../../core/recorded-step.js";
import type { StepInfo } from "../../core/step.js";

export type { BuildSummary };

/** One step of a recorded build. */
export interface RecordedStep {
  /** From 1, in the order they began. */
  readonly number: number;
  /** Printed form of `step`: `[build 2/4] RUN make`. */
  readonly name: string;
  readonly step: StepInfo;
  /** `interrupted`: it was running when the build's process died. */
  readonly status: "completed" | "cached" | "failed" | "canceled" | "interrupted";
  /** Milliseconds since the build began. */
  readonly startedAt: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly error?: { readonly code: string; readonly message: string };
  /** Bytes it printed. */
  readonly logBytes: number;
  readonly explanation?: StepExplanation;
  /** The key its result is found under as long as it is there. */
  readonly key?: string;
  /** Of a step that was not looked at: number of the step whose result made it needless. */
  readonly coveredBy?: number;
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

/** Reads the detail of a build. Version 0.1 recorded the names of steps alone. */
export function readDetail(text: string): BuildDetail {
  const detail = JSON.parse(text) as Omit<BuildDetail, "steps"> & { readonly steps: readonly StoredStep[] };
  return { ...detail, steps: detail.steps.map((stored) => ({ ...stored, step: stored.step ?? recordedStep(stored.name) })) };
}

type StoredStep = Omit<RecordedStep, "step"> & Partial<Pick<RecordedStep, "step">>;

/** A build of the past with everything that is known of it. */
export interface RecordedBuild extends BuildSummary, Omit<BuildDetail, "warnings" | "steps"> {
  readonly stepList: readonly RecordedStep[];
  readonly warningList: readonly RecordedWarning[];
}

/** The builds a store remembers, as `tsbuild builds`, `logs` and `explain` use them. */
export interface BuildHistoryStore extends Disposable {
  /** Newest first. */
  list(): readonly BuildSummary[];
  /**
   * By id or a unique prefix of it, or counted back: `^0` is the newest, `^1` the one before. Default: the newest. Throws `history/not-found` or
   * `history/ambiguous`.
   */
  get(ref?: string): RecordedBuild;
  /**
   * The step of a build that a text means: its number (`7`, `#7`), its place (`2/4`, `build 2/4`), or a part of its name. Throws
   * `history/step-not-found` or `history/step-ambiguous`.
   */
  step(build: RecordedBuild, text: string): RecordedStep;
  /**
   * Why a step ran, or what it was cached from. What the build itself did not ask is looked up now: of steps that it did not look at, where their
   * results come from, as far as they are still there.
   */
  explain(build: RecordedBuild, step: RecordedStep): StepExplanation | undefined;
  /** What a step printed, from its first byte to its last; undefined when it printed nothing. */
  log(id: string, step: number): Readable | undefined;
  /** Answers how many of them there were. */
  remove(ids: readonly string[]): number;
  close(): void;
}
