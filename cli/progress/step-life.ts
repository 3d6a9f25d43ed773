import { progressSize } from "../syntax/bytes.js";
import type { BuildEvent } from "../../core/events.js";
import { printable } from "../../core/text/printable.js";

interface StepEnd {
  readonly kind: "completed" | "cached" | "canceled" | "failed";
  readonly at: number;
  /** Error message of a failed step. */
  readonly message?: string;
}

/** Begin and end of a step in milliseconds since the epoch. */
export interface StepLife {
  started: number | undefined;
  end: StepEnd | undefined;
}

/** A part of a step, such as a layer that is fetched, as last reported. Sizes are in bytes. */
export interface Part {
  readonly item: string;
  readonly started: number;
  readonly at: number;
  readonly current: number;
  readonly total: number | undefined;
  readonly done: boolean;
}

type Of<T extends BuildEvent["type"]> = Extract<BuildEvent, { readonly type: T }>;

/** Updates `step` from an event that begins or ends it. A cached step needs no beginning. */
export function follow(step: StepLife, event: Of<"started" | "cached" | "completed" | "canceled" | "failed">): void {
  switch (event.type) {
    case "started":
      // A step that works on its result after its end counts the time of that work.
      step.started = step.end ? event.at - (step.end.at - (step.started ?? step.end.at)) : (step.started ?? event.at);
      step.end = undefined;
      break;
    case "cached":
      step.started ??= event.at;
      step.end = { kind: "cached", at: event.at };
      break;
    case "completed":
    case "canceled":
      step.end = { kind: event.type, at: event.at };
      break;
    case "failed":
      step.started ??= event.at;
      step.end = { kind: "failed", at: event.at, message: event.error.message };
      break;
  }
}

/** Returns the state of a part after an event; `before` is its earlier state. */
export function partAfter(before: Part | undefined, { item, at, current, total, done }: Of<"progress">): Part {
  return { item, started: before?.started ?? at, at, current, total, done };
}

/** Returns ` 1.20MB / 3.00MB`, as far as the sizes are known. */
export function partSize({ current, total }: Part): string {
  if (total) return ` ${progressSize(current)} / ${progressSize(total)}`;
  return current ? ` ${progressSize(current)}` : "";
}

/** Returns a warning on one line, to be shown at its step. */
export function warningLine({ rule, code, message, range }: Of<"warning">["diagnostic"]): string {
  return `WARN: ${rule ?? code}: ${printable(message)}${range ? ` (line ${range.line})` : ""}`;
}
