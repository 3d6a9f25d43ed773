import type { BuildSummary } from "../../cache/contract/builds.js";
import type { StepId } from "../../core/events.js";
import type { RecordedStep } from "./build-record.js";
import { isInstruction } from "./instruction-step.js";

export type StepCounts = Pick<BuildSummary, "steps" | "executed" | "cached" | "failed" | "canceled" | "failedStep">;

/** Counts how the steps of the Dockerfile ended. One that has not ended is called off, as things stand. */
export class StepTally {
  readonly #open = new Map<StepId, string>();
  readonly #ended = new Map<StepId, RecordedStep["status"]>();
  readonly #counts = { completed: 0, cached: 0, failed: 0, canceled: 0, interrupted: 0 };
  #failed: string | undefined;

  begun(step: StepId, name: string): void {
    if (isInstruction(name) && !this.#ended.has(step)) this.#open.set(step, name);
  }

  /** May be told again, when a step is come to a second time. */
  ended(step: StepId, name: string, status: RecordedStep["status"]): void {
    if (!isInstruction(name)) return;
    const before = this.#ended.get(step);
    if (before) this.#counts[before]--;
    this.#counts[status]++;
    this.#ended.set(step, status);
    this.#open.delete(step);
    if (status === "failed") this.#failed ??= name;
  }

  get counts(): StepCounts {
    const { completed, cached, failed, canceled } = this.#counts;
    const [running] = this.#open.values();
    const failedStep = this.#failed ?? running;
    return {
      steps: this.#ended.size + this.#open.size,
      executed: completed,
      cached,
      failed,
      canceled: canceled + this.#open.size,
      ...(failedStep === undefined ? {} : { failedStep }),
    };
  }
}
