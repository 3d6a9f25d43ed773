import stringWidth from "string-width";
import type { Paint } from "../../output/paint.js";
import { type Part, partSize } from "../step-life.js";
import { printable } from "./log-window.js";
import type { ScreenStep, ScreenTrace } from "./screen-trace.js";

/** One line of the screen: its text, and the columns it takes. */
export interface ScreenLine {
  readonly text: string;
  readonly width: number;
}

interface FrameOptions {
  /** Width of the screen in characters. */
  readonly columns: number;
  /** Height of the screen in lines. Undefined takes as many as the build needs. */
  readonly rows: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly finished: boolean;
  readonly paint: Paint;
}

/**
 * Returns the lines of a screen at one moment, in BuildKit's form: a headline, then a line for each
 * step in the order they began, its parts, and the last lines of output below a running step.
 * Leaves out the steps that ended first where that is too high, and then the parts of others.
 */
export function frame(trace: ScreenTrace, options: FrameOptions): readonly ScreenLine[] {
  const headline = fit(headlineOf(trace, options), "", options.columns, options.paint.strong);
  const blocks = [...trace.shown].map((step) => ({ running: step.end === undefined, lines: block(step, options) }));
  if (options.rows === undefined) return [headline, ...blocks.flatMap(({ lines }) => lines)];
  let excess = blocks.reduce((sum, { lines }) => sum + lines.length, 1) - options.rows;
  const kept = blocks.filter(({ running, lines }) => {
    if (excess <= 0 || running) return true;
    excess -= lines.length;
    return false;
  });
  // Too many run at once: the first line of each says more than all lines of some.
  const lines = kept.flatMap((one) => {
    const cut = Math.min(Math.max(excess, 0), one.lines.length - 1);
    excess -= cut;
    return one.lines.slice(0, one.lines.length - cut);
  });
  return [headline, ...lines.slice(-Math.max(1, options.rows - 1))];
}

function headlineOf(trace: ScreenTrace, { now, finished }: FrameOptions): string {
  const ends = [...trace.shown].flatMap(({ end }) => end?.kind ?? []);
  const outcome = ends.includes("failed") ? " FAILED" : ends.includes("canceled") ? " CANCELED" : " FINISHED";
  return `[+] Building ${seconds(trace.begun ?? now, now)} (${ends.length}/${trace.total})${finished ? outcome : ""}`;
}

function block(step: ScreenStep, options: FrameOptions): readonly ScreenLine[] {
  const { columns, now, paint } = options;
  const from = step.started ?? now;
  const lines = [
    fit(` => ${PREFIX[step.end?.kind ?? "running"]}${step.name}`, seconds(from, step.end?.at ?? now), columns, tone(step, paint)),
  ];
  for (const notice of step.notices)
    lines.push(...wrap(notice, columns - 8).map((text) => fit(` => => ${text}`, "", columns, paint.faint)));
  for (const part of step.parts.values()) lines.push(partLine(part, step, options));
  if (step.end === undefined && !options.finished) {
    for (const text of step.log.lines()) lines.push(fit(` => => # ${text}`, "", columns, paint.faint));
  }
  return lines;
}

const PREFIX = { running: "", completed: "", cached: "CACHED ", canceled: "CANCELED ", failed: "ERROR " } as const;

function tone({ end }: ScreenStep, paint: Paint): (text: string) => string {
  switch (end?.kind) {
    case "completed":
    case "cached":
      return paint.done;
    case "failed":
      return (text) => paint.severity("error", text);
    case "canceled":
      return paint.canceled;
    case undefined:
      return (text) => text;
  }
}

function partLine(part: Part, step: ScreenStep, { columns, now, paint }: FrameOptions): ScreenLine {
  const end = part.done ? part.at : (step.end?.at ?? now);
  const text = ` => => ${printable(part.item)}${partSize(part)}`;
  return fit(text, seconds(part.started, end), columns, part.done ? paint.done : (plain) => plain);
}

function seconds(from: number, to: number): string {
  return `${(Math.max(0, to - from) / 1000).toFixed(1)}s`;
}

/**
 * Returns `left`, cut where it is too long, and `right` at the end of the line. The last column
 * stays free: some terminals wrap when it is written.
 */
function fit(left: string, right: string, columns: number, paint: (text: string) => string): ScreenLine {
  const room = Math.max(1, columns - 1 - (right === "" ? 0 : right.length + 1));
  const shown = cut(left, room);
  const fill = right === "" ? "" : " ".repeat(room - stringWidth(shown) + 1);
  return { text: paint(`${shown}${fill}${right}`), width: stringWidth(shown) + fill.length + right.length };
}

/**
 * Breaks text into lines of at most so many columns, between words. A longer word has a line of its
 * own.
 */
function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    const joined = `${last} ${word}`;
    if (last !== undefined && stringWidth(joined) <= columns) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines;
}

function cut(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let shown = "";
  let width = 0;
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)) {
    const more = stringWidth(segment);
    if (width + more > columns - 1) break;
    shown += segment;
    width += more;
  }
  return `${shown}…`;
}
