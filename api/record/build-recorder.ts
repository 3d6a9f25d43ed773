import { randomBytes } from "node:crypto";
import type { BuildHistory, BuildLogs, BuildRecord } from "../../cache/contract/builds.js";
import { CanceledError, TsbuildError } from "../../core/errors.js";
import {
  type AnnouncedStep,
  announced,
  type BuildEvent,
  type EventSink,
  type StepExplanation,
  type StepId,
  type StepUsage,
} from "../../core/events.js";
import type { WebRequests } from "../../core/web-request.js";
import { isSecretVariable } from "../../core/text/secret-names.js";
import { formatPlatform } from "../../oci/platform.js";
import { describeInputs } from "./build-origin.js";
import type { BuildDetail, RecordedRequest, RecordedStep, RecordedWarning } from "./build-record.js";
import type { BuildResult } from "../options/options.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import type { StepCounter } from "./step-counter.js";

/** Characters of an error's message that are kept. */
const LONGEST_MESSAGE = 4096;

interface StepState {
  readonly number: number;
  startedAt: number;
  end:
    | { readonly status: RecordedStep["status"]; readonly at: number; readonly error?: RecordedStep["error"]; readonly key?: string }
    | undefined;
  logBytes: number;
  usage?: StepUsage;
  requests?: WebRequests;
}

interface BuildRecorderOptions {
  readonly history: BuildHistory;
  readonly build: ResolvedBuildOptions;
  /**
   * Counts of the build's steps. The counter has seen each event before {@link
   * BuildRecorder.onEvent} does.
   */
  readonly tally: StepCounter;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Request of a client, with the id that the client knows the build by. */
  readonly served?: { readonly id: string; readonly request: RecordedRequest };
}

/** End of a build. */
export type BuildEnd = { readonly result: BuildResult | undefined } | { readonly error: unknown };

/**
 * Records a build while it runs: the output of its steps at once, everything else with one row at
 * the end. From the first running step on it also notes the start and end of each step, in case its
 * process dies. A build is recorded once its Dockerfile was read; one that ends before leaves
 * nothing.
 */
export class BuildRecorder {
  readonly id: string;
  readonly #options: BuildRecorderOptions;
  readonly #logs: BuildLogs;
  readonly #infos = new Map<StepId, AnnouncedStep>();
  readonly #steps = new Map<StepId, StepState>();
  readonly #explanations = new Map<StepId, StepExplanation>();
  readonly #warnings: RecordedWarning[] = [];
  #begun = false;
  #noting = false;

  constructor(options: BuildRecorderOptions) {
    this.#options = options;
    this.id = options.served?.id ?? newBuildId();
    this.#logs = options.history.logs(this.id);
  }

  readonly onEvent: EventSink = (event: BuildEvent): void => {
    switch (event.type) {
      case "steps":
        for (const step of event.steps) this.#infos.set(step.id, step);
        break;
      case "started": {
        const step = this.#step(event.step, event.at);
        // A step that works on its result after its end counts the time of that work.
        if (step.end) step.startedAt = event.at - (step.end.at - step.startedAt);
        this.#note(event.step);
        break;
      }
      case "cached":
      case "completed":
      case "failed":
      case "canceled": {
        const step = this.#step(event.step, event.at);
        const more = event.type === "failed" ? { error: event.error } : "key" in event && event.key ? { key: event.key } : {};
        step.end = { status: event.type, at: event.at, ...more };
        this.#begun ||= event.type === "completed" || event.type === "cached";
        this.#logs.end(step.number);
        this.#note(event.step);
        break;
      }
      case "output": {
        const step = this.#step(event.step, event.at);
        step.logBytes += event.data.length;
        this.#beginNotes();
        this.#logs.write(step.number, event.data);
        break;
      }
      case "used":
        this.#step(event.step, event.at).usage = event.usage;
        break;
      case "requested":
        this.#step(event.step, event.at).requests = event.requests;
        break;
      case "explained":
        this.#explanations.set(event.step, event.explanation);
        if (event.explanation.outcome === "ran") {
          this.#beginNotes();
          this.#note(event.step);
        }
        break;
      case "warning": {
        const { code, rule, message, range } = event.diagnostic;
        this.#warnings.push({ code, message, ...(rule === undefined ? {} : { rule }), ...(range ? { line: range.line } : {}) });
        break;
      }
      case "progress":
        break;
    }
  };

  /** Keeps the record. Rejects when it cannot; the build itself has ended before. */
  async finish(end: BuildEnd, endedAt: number): Promise<void> {
    if (!this.#begun) return this.#logs.discard();
    try {
      await this.#logs.finish();
      await this.#options.history.addSoon(this.#record(end, endedAt), this.#logs);
    } catch (error) {
      this.#logs.discard();
      throw error;
    }
  }

  #step(id: StepId, at: number): StepState {
    let step = this.#steps.get(id);
    if (!step) {
      step = { number: this.#steps.size + 1, startedAt: at, end: undefined, logBytes: 0 };
      this.#steps.set(id, step);
    }
    return step;
  }

  /** Begins the notes with the first running step: a build in which nothing runs ends soon. */
  #beginNotes(): void {
    if (this.#noting) return;
    this.#noting = true;
    const { startedAt } = this.#options;
    const steps = this.#recordedSteps("interrupted", startedAt);
    const build = { ...this.#head(), status: "interrupted", duration: 0, imageId: undefined } as const;
    this.#logs.note({ build: { ...build, ...this.#options.tally.counts }, detail: this.#detail(), steps });
  }

  #note(id: StepId): void {
    const state = this.#noting ? this.#steps.get(id) : undefined;
    if (!state) return;
    this.#logs.note({ build: this.#options.tally.counts, steps: [this.#recordedStep(id, state, "interrupted", state.startedAt)] });
  }

  #head(): Pick<BuildRecord, "id" | "createdAt" | "context" | "dockerfile" | "target" | "names" | "warnings"> {
    const { build, startedAt } = this.#options;
    const { target, names } = build;
    return { id: this.id, createdAt: startedAt, ...describeInputs(build), target, names, warnings: this.#warnings.length };
  }

  #detail(): Omit<BuildDetail, "steps"> {
    const { build, served } = this.#options;
    return {
      version: 1,
      platforms: build.platforms.map(formatPlatform),
      buildArgs: withoutSecrets(build.buildArgs),
      noCache: build.noCache,
      warnings: this.#warnings,
      ...(served && { request: served.request }),
    };
  }

  #record(end: BuildEnd, endedAt: number): BuildRecord {
    const steps = this.#recordedSteps("canceled", endedAt);
    const detail: BuildDetail = {
      ...this.#detail(),
      steps,
      ...("error" in end ? { error: errorInfo(end.error) } : end.result && { result: resultInfo(end.result) }),
    };
    return {
      ...this.#head(),
      duration: endedAt - this.#options.startedAt,
      status: "result" in end ? "completed" : end.error instanceof CanceledError ? "canceled" : "failed",
      imageId: "result" in end ? end.result?.imageId : undefined,
      ...this.#options.tally.counts,
      detail: JSON.stringify(detail),
    };
  }

  /** Returns the steps. A step without an end gets the status `open`, and lasts until `endedAt`. */
  #recordedSteps(open: "canceled" | "interrupted", endedAt: number): readonly RecordedStep[] {
    const covering = this.#covering();
    return [...this.#steps].map(([id, state]) => {
      const by = covering(id);
      return { ...this.#recordedStep(id, state, open, endedAt), ...(by === undefined ? {} : { coveredBy: by }) };
    });
  }

  #recordedStep(
    id: StepId,
    { number, startedAt, end, logBytes, usage, requests }: StepState,
    open: RecordedStep["status"],
    endedAt: number,
  ): RecordedStep {
    const recorded = this.#explanations.get(id);
    // A step that had begun may prove not to be needed.
    const explanation = end?.status === "cached" && recorded?.outcome === "ran" ? undefined : recorded;
    const { name, step, line, surroundings } = this.#infos.get(id) ?? announced(id, { kind: "export", text: id });
    return {
      number,
      name,
      step,
      ...(line === undefined ? {} : { line }),
      ...(surroundings && { surroundings: { ...surroundings, env: surroundings.env.filter((variable) => !isSecretVariable(variable)) } }),
      status: end?.status ?? open,
      startedAt: rounded(startedAt - this.#options.startedAt),
      duration: rounded((end?.at ?? endedAt) - startedAt),
      logBytes,
      ...(end?.error ? { error: end.error } : {}),
      ...(usage ? { usage } : {}),
      ...(requests ? { requests } : {}),
      ...(explanation ? { explanation } : {}),
      ...(end?.key === undefined ? {} : { key: end.key }),
    };
  }

  /**
   * Returns a function from steps that were not looked up to the number of the next one above that
   * was found.
   */
  #covering(): (id: StepId) => number | undefined {
    const users = new Map<StepId, StepId>();
    for (const { id, inputs } of this.#infos.values()) for (const input of inputs) users.set(input, id);
    const found = (id: StepId): boolean => this.#explanations.get(id)?.reason === "found";
    return (id) => {
      if (this.#steps.get(id)?.end?.status !== "cached" || found(id)) return undefined;
      let user = users.get(id);
      while (user !== undefined && !found(user)) user = users.get(user);
      return user === undefined ? undefined : this.#steps.get(user)?.number;
    };
  }
}

/**
 * Returns twelve letters and digits: unique among all builds of a machine, and short enough to be
 * typed in part.
 */
function newBuildId(): string {
  const digits = "abcdefghijklmnopqrstuvwxyz234567";
  return [...randomBytes(12)].map((byte) => digits[byte % digits.length]).join("");
}

export function withoutSecrets(args: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, isSecretVariable(`${name}=${value}`) ? "<hidden>" : value]));
}

function errorInfo(error: unknown): NonNullable<BuildDetail["error"]> {
  if (!(error instanceof TsbuildError))
    return { code: "internal", message: (error instanceof Error ? error.message : String(error)).slice(0, LONGEST_MESSAGE) };
  return {
    code: error.code,
    message: error.message.slice(0, LONGEST_MESSAGE),
    ...(error.step === undefined ? {} : { step: error.step }),
  };
}

function resultInfo(result: BuildResult): NonNullable<BuildDetail["result"]> {
  return {
    imageId: result.imageId,
    ...(result.descriptor ? { digest: result.descriptor.digest } : {}),
    exports: result.exports.map(({ type }) => type),
  };
}

/** Rounds to hundredths of a millisecond. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
