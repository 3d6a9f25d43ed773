import type { BuildEvent, StepId } from "../../core/events.js";
import { explanationLine } from "../explanation.js";
import { TAIL_LINES } from "../render-error.js";

/** A part of a step, such as a layer on its way, as last reported. */
export interface PartState {
  readonly item: string;
  readonly started: number;
  readonly at: number;
  readonly current: number;
  readonly total: number | undefined;
  readonly done: boolean;
  /** Reported since it was last looked at. */
  fresh: boolean;
  shown: { readonly at: number; readonly current: number } | undefined;
}

export type StepEnd =
  | { readonly kind: "completed" | "cached" | "canceled"; readonly at: number }
  | { readonly kind: "failed"; readonly at: number; readonly message: string };

/** What is known of a step and what of it waits to be printed. Text is in Latin-1, one character a byte, so that output passes unchanged. */
export interface StepState {
  readonly id: StepId;
  name: string;
  /** Number in the display, given when it is first printed. */
  index: number;
  started: number | undefined;
  end: StepEnd | undefined;
  notices: string[];
  readonly parts: Map<string, PartState>;
  lines: string[];
  /** The last of `lines` has no line end yet. */
  partial: boolean;
  /** Characters of `lines[0]` that are on the screen already. */
  printed: number;
  tail: string[];
  /** Updates since the display last left this step, and when the first of them came: the measure for which step to show. */
  updates: number;
  waitingSince: number;
}

/** Keeps the state of every step up to date with the events. */
export class PlainTrace {
  readonly steps = new Map<StepId, StepState>();
  /** Steps with something to print. */
  readonly pending = new Set<StepId>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  apply(event: BuildEvent): void {
    if (event.type === "steps") {
      for (const { id, name } of event.steps) {
        const known = this.steps.get(id);
        if (known) known.name = latin1(name);
        else this.steps.set(id, newStep(id, latin1(name)));
      }
      return;
    }
    const step = event.step === undefined ? undefined : this.steps.get(event.step);
    if (!step) return;
    switch (event.type) {
      case "started":
        step.started ??= event.at;
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
        step.end = { kind: "failed", at: event.at, message: latin1(event.error.message) };
        break;
      case "output":
        addOutput(step, event.data, event.at);
        break;
      case "progress": {
        const before = step.parts.get(event.item);
        step.parts.set(event.item, {
          item: latin1(event.item),
          started: before?.started ?? event.at,
          at: event.at,
          current: event.current,
          total: event.total,
          done: event.done,
          fresh: true,
          shown: before?.shown,
        });
        break;
      }
      case "explained":
        step.notices.push(latin1(explanationLine(event.explanation)));
        break;
      case "warning": {
        const { rule, code, message, range } = event.diagnostic;
        step.notices.push(latin1(`WARN: ${rule ?? code}: ${message}${range ? ` (line ${range.line})` : ""}`));
        break;
      }
    }
    // A step that never ran has nothing to show when it is called off.
    if (step.started === undefined) return;
    if (step.updates === 0) step.waitingSince = this.#now();
    step.updates++;
    this.pending.add(step.id);
  }
}

function newStep(id: StepId, name: string): StepState {
  return {
    id,
    name,
    index: 0,
    started: undefined,
    end: undefined,
    notices: [],
    parts: new Map(),
    lines: [],
    partial: false,
    printed: 0,
    tail: [],
    updates: 0,
    waitingSince: 0,
  };
}

/** Cuts output into lines, each with the seconds since the step began in front. */
function addOutput(step: StepState, data: Uint8Array, at: number): void {
  if (data.length === 0) return;
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1");
  const seconds = Math.max(0, (at - (step.started ?? at)) / 1000);
  const stamp = seconds.toFixed(seconds < 10 ? 3 : seconds < 100 ? 2 : 1);
  const pieces = text.split("\n");
  const open = pieces.at(-1) !== "";
  if (!open) pieces.pop();
  pieces.forEach((piece, position) => {
    if (position === 0 && step.partial && step.lines.length > 0) {
      step.lines[step.lines.length - 1] += piece;
      step.tail[step.tail.length - 1] += piece;
    } else {
      step.lines.push(`${stamp} ${piece}`);
      step.tail.push(`${stamp} ${piece}`);
    }
  });
  if (step.tail.length > TAIL_LINES) step.tail = step.tail.slice(-TAIL_LINES);
  step.partial = open;
}

/** The UTF-8 bytes of `text`, one character each. */
export function latin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
