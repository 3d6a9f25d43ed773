import type { BuildEvent, StepId } from "../../../core/events.js";
import { explanationLine } from "../../output/explanation.js";
import { follow, type Part, partAfter, type StepLife, warningLine } from "../step-life.js";
import { LogWindow, printable } from "./log-window.js";

export interface ScreenStep extends StepLife {
  readonly name: string;
  readonly notices: string[];
  readonly parts: Map<string, Part>;
  readonly log: LogWindow;
}

/** State of a build for the screen, updated from the events. */
export class ScreenTrace {
  /** Steps in the order of their first activity. */
  readonly shown = new Set<ScreenStep>();
  readonly #steps = new Map<StepId, ScreenStep>();
  readonly #logHeight: number;
  #begun: number | undefined;

  constructor(logHeight: number) {
    this.#logHeight = logHeight;
  }

  /** Number of all known steps. */
  get total(): number {
    return this.#steps.size;
  }

  /** Time when the first step began. */
  get begun(): number | undefined {
    return this.#begun;
  }

  apply(event: BuildEvent): void {
    if (event.type === "steps") {
      for (const { id, name } of event.steps) {
        const known = this.#steps.get(id);
        if (!known) this.#steps.set(id, this.#newStep(name));
      }
      return;
    }
    const step = event.step === undefined ? undefined : this.#steps.get(event.step);
    if (!step) return;
    switch (event.type) {
      case "started":
      case "cached":
      case "completed":
      case "canceled":
      case "failed":
        follow(step, event);
        break;
      case "output":
        step.log.write(event.data);
        break;
      case "progress":
        step.parts.set(event.item, partAfter(step.parts.get(event.item), event));
        break;
      case "explained":
        step.notices.push(printable(explanationLine(event.explanation)));
        break;
      case "warning":
        step.notices.push(printable(warningLine(event.diagnostic)));
        break;
    }
    if (step.started === undefined) return;
    this.#begun ??= step.started;
    this.shown.add(step);
  }

  #newStep(name: string): ScreenStep {
    return {
      name: printable(name),
      started: undefined,
      end: undefined,
      notices: [],
      parts: new Map(),
      log: new LogWindow(this.#logHeight),
    };
  }
}
