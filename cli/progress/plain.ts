import type { StepId } from "../../core/events.js";
import { now as clock } from "../../core/events.js";
import { printable } from "../../core/text/printable.js";
import { repeated } from "../output/repeated.js";
import { latin1 } from "../output/latin1.js";
import { type PartState, PlainTrace, type StepState } from "./plain-trace.js";
import type { Reporter, ReporterOptions } from "./reporter.js";
import { partSize } from "./step-life.js";

/** Milliseconds; the values are BuildKit's, so that the two read alike. */
const FLUSH_INTERVAL = 100;
const RECHECK_INTERVAL = 150;
/** Milliseconds that a step keeps the display before another active one gets it. */
const ANTI_FLICKER = 5_000;
/** Milliseconds after which a waiting step is shown. */
const LONGEST_WAIT = 10_000;
/** Milliseconds, and share of its total, after which a running part is printed again. */
const PART_INTERVAL = 5_000;
const PART_SHARE = 0.05;
/**
 * Characters of a line without an end that are repeated when another step had the display in
 * between.
 */
const LONGEST_OPEN_LINE = 4096;

/**
 * Returns BuildKit's plain progress: numbered steps, their output with seconds in front, blocks of
 * one step at a time. When another step takes over, the one before is left with `#n ...` and gets
 * its header again later.
 */
export function plainReporter({
  stream,
  now = clock,
  trace = new PlainTrace(now),
}: ReporterOptions & { readonly now?: () => number; readonly trace?: PlainTrace }): Reporter {
  const printer = new PlainPrinter(trace, now);
  let flushedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let finished = false;

  const write = (text: string): void => {
    if (text) stream.write(Buffer.from(text, "latin1"));
  };
  const schedule = (delay: number): void => {
    timer ??= setTimeout(flush, delay).unref();
  };
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    flushedAt = now();
    write(printer.flush());
    if (trace.pending.size > 0) schedule(RECHECK_INTERVAL);
  };

  return {
    onEvent(event) {
      if (finished) return;
      trace.apply(event);
      const wait = flushedAt + FLUSH_INTERVAL - now();
      if (wait <= 0) flush();
      else schedule(wait);
    },
    finish() {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      write(printer.flush() + printer.failures());
    },
    showsOutput: true,
  };
}

/** Chooses the step to show and turns its news into lines. */
class PlainPrinter {
  readonly #trace: PlainTrace;
  readonly #now: () => number;
  #current: StepId | undefined;
  #nextIndex = 1;
  #text = "";
  #first = true;

  constructor(trace: PlainTrace, now: () => number) {
    this.#trace = trace;
    this.#now = now;
  }

  /** Returns the lines that are due. */
  flush(): string {
    this.#text = "";
    this.#choose();
    return this.#text;
  }

  /** Returns the last output of each failed step, under its name. */
  failures(): string {
    let text = "";
    for (const step of this.#trace.steps.values()) {
      if (step.end?.kind !== "failed") continue;
      text += `------\n > ${step.name}:\n${step.tail.map((line) => `${repeated(line)}\n`).join("")}------\n`;
    }
    return text;
  }

  #choose(): void {
    const { steps, pending } = this.#trace;
    const before = this.#current;
    const ended = [...pending].map((id) => steps.get(id) as StepState).filter((step) => step.end);
    // Ended steps come first: the one on the screen, then the others in the order of their ends.
    ended.sort((a, b) => Number(b.id === before) - Number(a.id === before) || (a.end?.at ?? 0) - (b.end?.at ?? 0));
    for (const step of ended) this.#print(step);
    const active = [...pending].map((id) => steps.get(id) as StepState);
    const current = before === undefined ? undefined : steps.get(before);
    if (active.length === 0) {
      if (current?.started !== undefined && !current.end) return;
      for (const step of steps.values()) {
        if (step.started !== undefined && !step.end) {
          this.#print(step);
          return;
        }
      }
      return;
    }
    if (current && pending.has(current.id)) this.#print(current);
    this.#share(active, current);
  }

  /** Gives the display to the active step that has waited longest or has most to print. */
  #share(active: readonly StepState[], current: StepState | undefined): void {
    const rest = new Set(active);
    if (current) rest.add(current);
    const now = this.#now();
    const waits = new Map([...rest].map((step) => [step, Math.max(1, now - step.waitingSince)]));
    const speed = (step: StepState): number => step.updates / (waits.get(step) ?? 1);
    const overdue = (step: StepState): boolean => (waits.get(step) ?? 0) > LONGEST_WAIT && step !== current;
    let busiest: StepState | undefined;
    let sum = 0;
    for (const step of rest) {
      sum += speed(step);
      if (!busiest || overdue(step) || speed(busiest) < speed(step)) busiest = step;
    }
    if (!busiest) return;
    if (!current || current.end) {
      this.#print(busiest);
      return;
    }
    const hidden = [...rest].find(overdue);
    if (hidden) {
      this.#print(hidden);
      return;
    }
    const share = sum === 0 ? 0 : speed(current) / sum;
    if (ANTI_FLICKER / (1 - share) < (waits.get(current) ?? 0)) this.#print(busiest);
  }

  #print(step: StepState): void {
    if (step.index === 0) step.index = this.#nextIndex++;
    if (this.#current !== step.id) this.#header(step);
    if (step.notices.length > 0) step.printed = 0;
    for (const notice of step.notices) this.#line(step, notice);
    step.notices = [];
    for (const part of step.parts.values()) this.#part(step, part);
    this.#output(step);
    this.#current = step.id;
    if (step.end) this.#end(step);
    this.#trace.pending.delete(step.id);
  }

  #header(step: StepState): void {
    const left = this.#current === undefined ? undefined : this.#trace.steps.get(this.#current);
    if (left) {
      if (left.partial && left.printed > 0) this.#text += "\n";
      left.printed = 0;
      left.updates = 0;
      this.#line(left, "...");
    }
    if (!this.#first) this.#text += "\n";
    this.#first = false;
    this.#line(step, step.name);
  }

  #part(step: StepState, state: PartState): void {
    if (!state.fresh) return;
    state.fresh = false;
    const { part, shown } = state;
    if (shown && !part.done) {
      const share = part.total ? (part.current - shown.current) / part.total : 0;
      if (share < PART_SHARE && part.at - shown.at < PART_INTERVAL) return;
    }
    state.shown = { at: part.at, current: part.current };
    const seconds = (part.at - part.started) / 1000;
    this.#line(
      step,
      `${latin1(printable(part.item))}${partSize(part)}${seconds > 0.01 ? ` ${seconds.toFixed(1)}s` : ""}${part.done ? " done" : ""}`,
    );
  }

  #output(step: StepState): void {
    step.lines.forEach((line, position) => {
      // A line that was printed in part continues where it stopped.
      this.#text += position === 0 && step.printed > 0 ? line.slice(step.printed) : `#${step.index} ${line}`;
      if (position < step.lines.length - 1 || !step.partial) this.#text += "\n";
    });
    const open = step.partial ? step.lines.at(-1) : undefined;
    step.lines = open === undefined ? [] : [open];
    step.printed = open === undefined ? 0 : open.length;
    // A line without end must not be kept whole: it would be scanned again with each piece.
    if (step.printed > LONGEST_OPEN_LINE) {
      step.lines = [`${step.stamp} `];
      step.printed = step.stamp.length + 1;
    }
  }

  #end(step: StepState): void {
    const { end } = step;
    if (!end) return;
    if (step.partial && step.printed > 0) this.#text += "\n";
    step.partial = false;
    step.lines = [];
    step.printed = 0;
    step.updates = 0;
    this.#current = undefined;
    switch (end.kind) {
      case "cached":
        return this.#line(step, "CACHED");
      case "canceled":
        return this.#line(step, "CANCELED");
      case "failed":
        return this.#line(step, `ERROR: ${latin1(printable(end.message ?? ""))}`);
      case "completed":
        return this.#line(step, `DONE ${((end.at - (step.started ?? end.at)) / 1000).toFixed(1)}s`);
    }
  }

  #line(step: StepState, text: string): void {
    this.#text += `#${step.index} ${text}\n`;
  }
}
