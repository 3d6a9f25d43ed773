import type { BuildEvent, StepId } from "../../../core/events.js";
import { explanationLine } from "../../explanation.js";
import { LogWindow, printable } from "./log-window.js";

/** A part of a step, such as a layer on its way, as last reported. Times in milliseconds since the epoch. */
export interface ScreenPart {
  readonly item: string;
  readonly started: number;
  readonly at: number;
  readonly current: number;
  readonly total: number | undefined;
  readonly done: boolean;
}

export interface ScreenStep {
  readonly name: string;
  started: number | undefined;
  end: { readonly kind: "completed" | "cached" | "canceled" | "failed"; readonly at: number } | undefined;
  readonly notices: string[];
  readonly parts: Map<string, ScreenPart>;
  readonly log: LogWindow;
}

/** What a screen shows of a build, kept up to date with the events. */
export class ScreenTrace {
  /** In the order in which they were first seen to do something. */
  readonly shown = new Set<ScreenStep>();
  readonly #steps = new Map<StepId, ScreenStep>();
  readonly #logHeight: number;
  #begun: number | undefined;

  constructor(logHeight: number) {
    this.#logHeight = logHeight;
  }

  /** All steps that are known of. */
  get total(): number {
    return this.#steps.size;
  }

  /** When the first step began. */
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
        step.started ??= event.at;
        step.end = undefined;
        break;
      case "cached":
      case "failed":
        step.started ??= event.at;
        step.end = { kind: event.type, at: event.at };
        break;
      case "completed":
      case "canceled":
        step.end = { kind: event.type, at: event.at };
        break;
      case "output":
        step.log.write(event.data);
        break;
      case "progress": {
        const { item, at, current, total, done } = event;
        const started = step.parts.get(item)?.started ?? at;
        step.parts.set(item, { item: printable(item), started, at, current, total, done });
        break;
      }
      case "explained":
        step.notices.push(printable(explanationLine(event.explanation)));
        break;
      case "warning": {
        const { rule, code, message, range } = event.diagnostic;
        step.notices.push(printable(`WARN: ${rule ?? code}: ${message}${range ? ` (line ${range.line})` : ""}`));
        break;
      }
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
