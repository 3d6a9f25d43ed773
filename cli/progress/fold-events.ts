import type { BuildEvent, StepId } from "../../core/events.js";
import { explanationLine } from "../output/explanation.js";
import { follow, type StepLife, warningLine } from "./step-life.js";

/** A step as some form of progress keeps it. */
export interface TracedStep extends StepLife {
  name: string;
  /** Lines beside the output: explanations and warnings. */
  notices: string[];
}

type Of<T extends BuildEvent["type"]> = Extract<BuildEvent, { readonly type: T }>;

/** Handlers of one form of progress, for the events in which forms differ. */
export interface TraceForm<S extends TracedStep> {
  create(id: StepId, name: string): S;
  /** Returns foreign text as the form shows it: without control characters. */
  shown(text: string): string;
  /** Completes the output of a step before the step ends. */
  ending?(step: S, at: number): void;
  output(step: S, data: Uint8Array, at: number): void;
  progress(step: S, event: Of<"progress">): void;
  /** Marks a step that has begun after each of its events. A step that never ran shows nothing. */
  changed(step: S): void;
}

/** Brings the steps up to date with an event. */
export function foldEvent<S extends TracedStep>(steps: Map<StepId, S>, event: BuildEvent, form: TraceForm<S>): void {
  if (event.type === "steps") {
    for (const { id, name } of event.steps) {
      const known = steps.get(id);
      const shown = form.shown(name);
      if (known) known.name = shown;
      else steps.set(id, form.create(id, shown));
    }
    return;
  }
  const step = event.step === undefined ? undefined : steps.get(event.step);
  if (!step) return;
  switch (event.type) {
    case "started":
    case "cached":
    case "completed":
    case "canceled":
    case "failed":
      if (event.type !== "started") form.ending?.(step, event.at);
      follow(step, event);
      break;
    case "output":
      form.output(step, event.data, event.at);
      break;
    case "progress":
      form.progress(step, event);
      break;
    case "used":
    case "requested":
      break;
    case "explained":
      step.notices.push(form.shown(explanationLine(event.explanation)));
      break;
    case "warning":
      step.notices.push(form.shown(warningLine(event.diagnostic)));
      break;
  }
  if (step.started !== undefined) form.changed(step);
}
