import type { Diagnostic } from "./diagnostics.js";
import type { Digest } from "./digest.js";
import type { WebRequests } from "./web-request.js";
import { type StepInfo, stepName, type Surroundings, type WireName } from "./step.js";

/**
 * Identity of a step in the event stream: the digest of its vertex, or one made for a step outside
 * the graph (exports, loads).
 */
export type StepId = Digest;

/** A step in the event stream, said before anything else of it. */
export interface AnnouncedStep {
  readonly id: StepId;
  readonly step: StepInfo;
  /** Printed form of `step`: `[build 2/4] RUN make`. */
  readonly name: string;
  readonly inputs: readonly StepId[];
  /** Line of the Dockerfile that the step begins in. */
  readonly line?: number;
  /** Surroundings of a command that would run behind it; undefined for RUN, which has its own. */
  readonly surroundings?: Surroundings;
  /** Digest and name by which the maker of a definition knows the step. */
  readonly wire?: WireName;
}

/** Returns a step with its name, ready for the event stream. */
export function announced(id: StepId, step: StepInfo, inputs: readonly StepId[] = []): AnnouncedStep {
  return { id, step, name: stepName(step), inputs };
}

export interface EventError {
  readonly code: string;
  readonly message: string;
}

/** One thing in which a step differs from the nearest earlier run of it. */
export interface StepChange {
  readonly kind: "file" | "env" | "arg" | "command" | "instruction" | "option" | "platform" | "base" | "parent";
  /**
   * Part that differs: a path, or the name of a variable, an argument, an option, a base image or
   * another step.
   */
  readonly subject: string;
  readonly from?: string;
  readonly to?: string;
  /**
   * Text for people, without a period, to be read after "because": `src/main.c changed (content)`.
   */
  readonly text: string;
}

/** Resources that a step used, all its processes together. */
export interface StepUsage {
  /** Milliseconds of processor time: of its programs, and of the kernel for them. */
  readonly userTime: number;
  readonly systemTime: number;
  /** Most bytes of memory. */
  readonly peakMemory: number;
  /**
   * Scope of `peakMemory`: all processes at one moment with the cache of their files (`step`), or
   * the largest process alone, where nothing counted the others (`process`).
   */
  readonly peakOf: "step" | "process";
  /** Bytes that came from disks, and that were written to them. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Most processes and threads at one moment; undefined where nothing counted them. */
  readonly peakTasks?: number;
}

/** The stored result that a step was compared with, or that was used in its place. */
export interface StepRecord {
  /** Id in the store. Undefined while only a remote cache has the result. */
  readonly id?: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Id of the build that made it, when that was recorded. */
  readonly build?: string;
}

/** Reason why a step ran, or the result it was cached from. */
export interface StepExplanation {
  readonly outcome: "ran" | "cached";
  /**
   * `changed`: the step differs from its nearest earlier run; `new`: there is no earlier run;
   * `no-cache`: the caller asked to run it; `expired`: the result was too old; `gone`: the result
   * was deleted; `unfinished`: the step failed or was canceled the last time; `found`: the step did
   * not run; `covered`: the step was not looked up, because a step that depends on it was found.
   */
  readonly reason: "changed" | "new" | "no-cache" | "expired" | "gone" | "unfinished" | "found" | "covered";
  /** Text for people, without a period. For a step that ran, it is read after "because". */
  readonly text: string;
  /** Differences, the most important first. Long lists are cut. */
  readonly changes: readonly StepChange[];
  readonly record?: StepRecord;
}

/**
 * Everything that a build reports while it runs: flat plain data, the same for every renderer and
 * the library's callback. `at` is milliseconds since the epoch, with fractions. A step that is
 * `started` ends with exactly one of `completed`, `cached`, `failed`, `canceled`; `cached` may also
 * come without `started`. The step of a base image may be `started` again after its end, when its
 * layers are fetched or unpacked for another step, and ends again.
 */
export type BuildEvent =
  | { readonly type: "steps"; readonly steps: readonly AnnouncedStep[] }
  | { readonly type: "started"; readonly step: StepId; readonly at: number }
  /**
   * `key` finds the step's result in the store as long as the result is there. A step that needs no
   * cache has none.
   */
  | { readonly type: "cached"; readonly step: StepId; readonly at: number; readonly key?: string }
  | { readonly type: "completed"; readonly step: StepId; readonly at: number; readonly key?: string }
  | { readonly type: "failed"; readonly step: StepId; readonly at: number; readonly error: EventError }
  | { readonly type: "canceled"; readonly step: StepId; readonly at: number }
  /** Bytes a step printed, in order of arrival; not cut at line ends. */
  | { readonly type: "output"; readonly step: StepId; readonly at: number; readonly stream: "stdout" | "stderr"; readonly data: Uint8Array }
  /**
   * Progress of one named part of a step, such as a layer that is downloaded. `total` is in bytes,
   * when known.
   */
  | {
      readonly type: "progress";
      readonly step: StepId;
      readonly at: number;
      readonly item: string;
      readonly current: number;
      readonly total?: number;
      readonly done: boolean;
      /**
       * True for a wait that is no work of this process: for a server, a program, a reader or
       * another build. `item` then says what is waited for.
       */
      readonly wait?: true;
    }
  /** This event precedes the end of a step that ran a command. */
  | { readonly type: "used"; readonly step: StepId; readonly at: number; readonly usage: StepUsage }
  /** This event precedes the end of a step whose requests went through a recording proxy. */
  | { readonly type: "requested"; readonly step: StepId; readonly at: number; readonly requests: WebRequests }
  /** This event precedes the step's `cached`, or follows its `started`. */
  | { readonly type: "explained"; readonly step: StepId; readonly at: number; readonly explanation: StepExplanation }
  | { readonly type: "warning"; readonly step?: StepId; readonly diagnostic: Diagnostic };

export type EventSink = (event: BuildEvent) => void;

type PartOfStep = Pick<Extract<BuildEvent, { readonly type: "progress" }>, "item" | "current" | "total" | "done" | "wait">;

/** Returns what a progress event says of a part. */
export function partOf(item: string, current: number, total: number | undefined, done: boolean, wait = false): PartOfStep {
  return { item, current, ...(total === undefined ? {} : { total }), done, ...(wait ? { wait } : {}) };
}

/** Returns the milliseconds since the epoch with a monotonic fraction. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
