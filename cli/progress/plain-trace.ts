import type { BuildEvent, StepId } from "../../core/events.js";
import { CommandGuard } from "../output/command-guard.js";
import { printable } from "../../core/text/printable.js";
import { latin1 } from "../output/latin1.js";
import { TAIL_LINES } from "../output/render-error.js";
import { foldEvent, type TracedStep, type TraceForm } from "./fold-events.js";
import { type Part, partAfter } from "./step-life.js";

/** A part in its last reported state. */
export interface PartState {
  readonly part: Part;
  /** True when it was reported since it was last printed. */
  fresh: boolean;
  shown: { readonly at: number; readonly current: number } | undefined;
}

/**
 * State of a step, with the text that waits to be printed. Text is in Latin-1, one character a
 * byte, so that output passes unchanged.
 */
export interface StepState extends TracedStep {
  readonly id: StepId;
  /** Number in the display, assigned when the step is first printed. */
  index: number;
  readonly parts: Map<string, PartState>;
  lines: string[];
  /** True when the last of `lines` has no line end yet. */
  partial: boolean;
  /** Characters of `lines[0]` that were printed already. */
  printed: number;
  /** Prefix of the last line: seconds since the step began. */
  stamp: string;
  /** The last lines, each cut to a length that an error message can show. */
  tail: string[];
  /** Filter of the output. */
  readonly guard: CommandGuard;
  /**
   * Updates since the display last left this step, and the time of the first: they decide which
   * step is shown.
   */
  updates: number;
  waitingSince: number;
}

/** Updates the state of every step from the events. */
export class PlainTrace {
  readonly steps = new Map<StepId, StepState>();
  /** Steps with something to print. */
  readonly pending = new Set<StepId>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  apply(event: BuildEvent): void {
    foldEvent(this.steps, event, this.#form);
  }

  readonly #form: TraceForm<StepState> = {
    create: newStep,
    shown: (text) => latin1(printable(text)),
    ending: (step, at) => addText(step, step.guard.end(), at),
    output: addOutput,
    progress: (step, event) => {
      const before = step.parts.get(event.item);
      step.parts.set(event.item, { part: partAfter(before?.part, event), fresh: true, shown: before?.shown });
    },
    changed: (step) => {
      if (step.updates === 0) step.waitingSince = this.#now();
      step.updates++;
      this.pending.add(step.id);
    },
  };
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
    stamp: "",
    tail: [],
    guard: new CommandGuard({ prefixed: true }),
    updates: 0,
    waitingSince: 0,
  };
}

/** Cuts output into lines, each with the seconds since the step began in front. */
function addOutput(step: StepState, data: Uint8Array, at: number): void {
  addText(step, step.guard.write(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1")), at);
}

function addText(step: StepState, text: string, at: number): void {
  if (text === "") return;
  const seconds = Math.max(0, (at - (step.started ?? at)) / 1000);
  const stamp = seconds.toFixed(seconds < 10 ? 3 : seconds < 100 ? 2 : 1);
  const pieces = text.split("\n");
  const open = pieces.at(-1) !== "";
  if (!open) pieces.pop();
  pieces.forEach((piece, position) => {
    if (position === 0 && step.partial && step.lines.length > 0) {
      step.lines[step.lines.length - 1] += piece;
      step.tail[step.tail.length - 1] = cutLine(`${step.tail.at(-1)}${piece}`);
    } else {
      step.lines.push(`${stamp} ${piece}`);
      step.tail.push(cutLine(`${stamp} ${piece}`));
      step.stamp = stamp;
    }
  });
  if (step.tail.length > TAIL_LINES) step.tail = step.tail.slice(-TAIL_LINES);
  step.partial = open;
}

/** Characters of a line's beginning that an error message repeats. */
const LONGEST_TAIL_LINE = 8192;

function cutLine(line: string): string {
  return line.length > LONGEST_TAIL_LINE ? line.slice(0, LONGEST_TAIL_LINE) : line;
}
