import type { BuildEvent, StepId } from "../../../core/events.js";
import { foldEvent, type TracedStep, type TraceForm } from "../fold-events.js";
import { type Part, partAfter } from "../step-life.js";
import { LogWindow, printable } from "./log-window.js";

export interface ScreenStep extends TracedStep {
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
    foldEvent(this.#steps, event, this.#form);
  }

  readonly #form: TraceForm<ScreenStep> = {
    create: (_id, name) => this.#newStep(name),
    shown: printable,
    output: (step, data) => step.log.write(data),
    progress: (step, event) => void step.parts.set(event.item, partAfter(step.parts.get(event.item), event)),
    changed: (step) => {
      this.#begun ??= step.started;
      this.shown.add(step);
    },
  };

  #newStep(name: string): ScreenStep {
    return {
      name,
      started: undefined,
      end: undefined,
      notices: [],
      parts: new Map(),
      log: new LogWindow(this.#logHeight),
    };
  }
}
