import { randomBytes } from "node:crypto";
import type { BuildHistory, BuildLogs, BuildRecord } from "../cache/contract/builds.js";
import { CanceledError, TsbuildError } from "../core/errors.js";
import type { BuildEvent, EventSink, StepExplanation, StepId } from "../core/events.js";
import { looksSecret } from "../core/secret-names.js";
import { formatPlatform } from "../oci/platform.js";
import { describeInputs } from "./build-origin.js";
import type { BuildDetail, RecordedStep, RecordedWarning } from "./build-record.js";
import type { BuildResult } from "./options.js";
import type { ResolvedBuildOptions } from "./resolve-options.js";

/** Characters of an error's message that are kept. */
const LONGEST_MESSAGE = 4096;

/** Steps of the Dockerfile that have results of their own: `[build 2/4] RUN make`, but no base image. */
const INSTRUCTION = /^\[(?:.* )?\s*\d+\/\d+\] (?!FROM )/;

interface StepState {
  readonly number: number;
  readonly startedAt: number;
  end: { readonly status: RecordedStep["status"]; readonly at: number; readonly error?: RecordedStep["error"] } | undefined;
  logBytes: number;
}

export interface BuildRecorderOptions {
  readonly history: BuildHistory;
  readonly build: ResolvedBuildOptions;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** How a build ended. */
export type BuildEnd = { readonly result: BuildResult } | { readonly error: unknown };

/**
 * Writes a build down as it goes: what its steps print at once, everything else with one row at the end. A build is worth a record once its
 * Dockerfile was read; one that never came so far leaves nothing.
 */
export class BuildRecorder {
  readonly id = newBuildId();
  readonly #options: BuildRecorderOptions;
  readonly #logs: BuildLogs;
  readonly #names = new Map<StepId, string>();
  readonly #steps = new Map<StepId, StepState>();
  readonly #explanations = new Map<StepId, StepExplanation>();
  readonly #warnings: RecordedWarning[] = [];
  #begun = false;

  constructor(options: BuildRecorderOptions) {
    this.#options = options;
    this.#logs = options.history.logs();
  }

  readonly onEvent: EventSink = (event: BuildEvent): void => {
    switch (event.type) {
      case "steps":
        for (const { id, name } of event.steps) this.#names.set(id, name);
        break;
      case "started":
        this.#step(event.step, event.at);
        break;
      case "cached":
      case "completed":
      case "failed":
      case "canceled": {
        const step = this.#step(event.step, event.at);
        step.end = { status: event.type, at: event.at, ...(event.type === "failed" ? { error: event.error } : {}) };
        this.#begun ||= event.type === "completed" || event.type === "cached";
        this.#logs.end(step.number);
        break;
      }
      case "output": {
        const step = this.#step(event.step, event.at);
        step.logBytes += event.data.length;
        this.#logs.write(step.number, event.data);
        break;
      }
      case "explained":
        this.#explanations.set(event.step, event.explanation);
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

  /** Keeps the record. Rejects when that cannot be done; the build itself has ended before. */
  async finish(end: BuildEnd, endedAt: number): Promise<void> {
    if (!this.#begun) return this.#logs.discard();
    try {
      await this.#logs.finish();
      this.#options.history.add(this.#record(end, endedAt), this.#logs);
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

  #record(end: BuildEnd, endedAt: number): BuildRecord {
    const { build, startedAt } = this.#options;
    const steps = this.#recordedSteps(endedAt);
    const counted = steps.filter(({ name }) => INSTRUCTION.test(name));
    const detail: BuildDetail = {
      version: 1,
      platforms: build.platforms.map(formatPlatform),
      buildArgs: withoutSecrets(build.buildArgs),
      noCache: build.noCache,
      steps,
      ...("error" in end ? { error: errorInfo(end.error) } : { result: resultInfo(end.result) }),
      warnings: this.#warnings,
    };
    return {
      id: this.id,
      createdAt: startedAt,
      duration: endedAt - startedAt,
      status: "result" in end ? "completed" : end.error instanceof CanceledError ? "canceled" : "failed",
      ...describeInputs(build),
      target: build.target,
      names: build.names,
      imageId: "result" in end ? end.result.imageId : undefined,
      steps: counted.length,
      executed: counted.filter(({ status }) => status === "completed").length,
      cached: counted.filter(({ status }) => status === "cached").length,
      warnings: this.#warnings.length,
      detail: JSON.stringify(detail),
    };
  }

  #recordedSteps(endedAt: number): RecordedStep[] {
    return [...this.#steps].map(([id, { number, startedAt, end, logBytes }]) => {
      const told = this.#explanations.get(id);
      // A step that had begun may turn out not to be needed.
      const explanation = end?.status === "cached" && told?.outcome === "ran" ? undefined : told;
      return {
        number,
        name: this.#names.get(id) ?? id,
        status: end?.status ?? "canceled",
        startedAt: rounded(startedAt - this.#options.startedAt),
        duration: rounded((end?.at ?? endedAt) - startedAt),
        logBytes,
        ...(end?.error ? { error: end.error } : {}),
        ...(explanation ? { explanation } : {}),
      };
    });
  }
}

/** Twelve letters and digits: unique among all builds of a machine, and short enough to be typed in part. */
function newBuildId(): string {
  const digits = "abcdefghijklmnopqrstuvwxyz234567";
  return [...randomBytes(12)].map((byte) => digits[byte % digits.length]).join("");
}

function withoutSecrets(args: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => [name, looksSecret(name) || hasPassword(value) ? "<hidden>" : value]),
  );
}

/** `http://user:password@proxy`. */
function hasPassword(value: string): boolean {
  return /:\/\/[^/@\s]+:[^/@\s]*@/.test(value);
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

/** Hundredths of a millisecond. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
