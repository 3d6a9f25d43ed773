import type { Readable } from "node:stream";
import type { BuildSummary } from "../../cache/contract/builds.js";

import type { StepExplanation, StepUsage } from "../../core/events.js";
import type { WebRequests } from "../../core/web-request.js";
import { recordedStep } from "../../core/recorded-step.js";
import type { StepInfo, Surroundings } from "../../core/step.js";

export type { BuildSummary };

/** One step of a recorded build. */
export interface RecordedStep {
  /** Number from 1, in the order of their starts. */
  readonly number: number;
  /** Printed form of `step`: `[build 2/4] RUN make`. */
  readonly name: string;
  readonly step: StepInfo;
  /** Line of the Dockerfile that it begins in. */
  readonly line?: number;
  /**
   * Surroundings of a command behind it, without the variables that look like secrets; undefined
   * for RUN.
   */
  readonly surroundings?: Surroundings;
  /** `interrupted` means that it was running when the build's process died. */
  readonly status: "completed" | "cached" | "failed" | "canceled" | "interrupted";
  /** Milliseconds since the build began. */
  readonly startedAt: number;
  /** Duration in milliseconds. */
  readonly duration: number;
  readonly error?: { readonly code: string; readonly message: string };
  /** Bytes that it printed. */
  readonly logBytes: number;
  /** Resources that it used, when it ran a command. */
  readonly usage?: StepUsage;
  /** Requests that it sent through a recording proxy. */
  readonly requests?: WebRequests;
  readonly explanation?: StepExplanation;
  /** Key under which its result is found, as long as the store has it. */
  readonly key?: string;
  /** Number of the step whose result made this one needless. */
  readonly coveredBy?: number;
}

export interface RecordedWarning {
  readonly code: string;
  readonly rule?: string;
  readonly message: string;
  readonly line?: number;
}

/** Request of a client that a build served. */
export interface RecordedRequest {
  /** Frontend in BuildKit's words: `dockerfile.v0`, or empty for a graph of the client's own. */
  readonly frontend: string;
  /** Options of the frontend, without the values of those with a secret's name. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly exporters: readonly { readonly type: string; readonly attributes: Readonly<Record<string, string>> }[];
}

/** Details of a build's record beside its summary, kept as JSON. */
export interface BuildDetail {
  readonly version: 1;
  readonly platforms: readonly string[];
  /** Build arguments, without the values of those with a secret's name. */
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
  /** Request of the client, for a build that was served. */
  readonly request?: RecordedRequest;
}

/** Reads the detail of a build. Version 0.1 recorded the names of steps alone. */
export function readDetail(text: string): BuildDetail {
  const detail = JSON.parse(text) as Omit<BuildDetail, "steps"> & { readonly steps: readonly StoredStep[] };
  return { ...detail, steps: detail.steps.map((stored) => ({ ...stored, step: stored.step ?? recordedStep(stored.name) })) };
}

type StoredStep = Omit<RecordedStep, "step"> & Partial<Pick<RecordedStep, "step">>;

/** A recorded build with all its details. */
export interface RecordedBuild extends BuildSummary, Omit<BuildDetail, "warnings" | "steps"> {
  readonly stepList: readonly RecordedStep[];
  readonly warningList: readonly RecordedWarning[];
}

/** The recorded builds of a store, as `tsbuild builds`, `logs` and `explain` use them. */
export interface BuildHistoryStore extends Disposable {
  /** Returns the builds, newest first. */
  list(): readonly BuildSummary[];
  /**
   * Finds a build by id or a unique prefix of it, or counted back: `^0` is the newest, `^1` the one
   * before. Default: the newest. Throws `history/not-found` or `history/ambiguous`.
   */
  get(ref?: string): RecordedBuild;
  /**
   * Finds the step that a text means: its number (`7`, `#7`), its place (`2/4`, `build 2/4`), its
   * line (`:12`, `Dockerfile:12`), its stage (`build`: the last step of it), or a part of its name.
   * Throws `history/step-not-found` or `history/step-ambiguous`.
   */
  step(build: RecordedBuild, text: string): RecordedStep;
  /**
   * Explains why a step ran, or which result it was cached from. Looks up now the sources of
   * results that the build did not look up, as far as they still exist.
   */
  explain(build: RecordedBuild, step: RecordedStep): StepExplanation | undefined;
  /** Returns the output of a step; undefined when it printed nothing. */
  log(id: string, step: number): Readable | undefined;
  /** Removes builds, and returns how many existed. */
  remove(ids: readonly string[]): number;
  close(): void;
}
