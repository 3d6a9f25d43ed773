import type { BuildSummary } from "../../cache/contract/builds.js";
import type { BuildEvent, StepId } from "../../core/events.js";

type StepCounts = Pick<BuildSummary, "steps" | "executed" | "cached" | "failed" | "canceled" | "failedStep">;

type Ending = "completed" | "cached" | "failed" | "canceled";

/**
 * Counts how the instructions of a build ended, from its events. An instruction that has not ended
 * counts as canceled. A step may end twice, when another step needs its result again: the last end
 * counts.
 */
export class StepCounter {
  /** Names of the instructions. */
  readonly #names = new Map<StepId, string>();
  readonly #open = new Set<StepId>();
  readonly #ended = new Map<StepId, Ending>();
  readonly #counts = { completed: 0, cached: 0, failed: 0, canceled: 0 };
  #failed: StepId | undefined;

  count(event: BuildEvent): void {
    switch (event.type) {
      case "steps":
        for (const { id, step, name } of event.steps) if (step.kind === "instruction") this.#names.set(id, name);
        break;
      case "started":
      case "output":
        if (this.#names.has(event.step) && !this.#ended.has(event.step)) this.#open.add(event.step);
        break;
      case "completed":
      case "cached":
      case "failed":
      case "canceled":
        if (this.#names.has(event.step)) this.#end(event.step, event.type);
        break;
      default:
        break;
    }
  }

  #end(step: StepId, ending: Ending): void {
    const before = this.#ended.get(step);
    if (before) this.#counts[before]--;
    this.#counts[ending]++;
    this.#ended.set(step, ending);
    this.#open.delete(step);
    if (ending === "failed") this.#failed ??= step;
  }

  get counts(): StepCounts {
    const { completed, cached, failed, canceled } = this.#counts;
    const [running] = this.#open;
    const at = this.#failed ?? running;
    const failedStep = at === undefined ? undefined : this.#names.get(at);
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
