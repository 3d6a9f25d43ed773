import { PatternError, type Place } from "./parse.js";
import type { Instruction } from "./program.js";

/** Positions of a match and of its groups: start and end by turns, undefined for an idle group. */
export type Slots = readonly (number | undefined)[];

interface Thread {
  readonly at: number;
  readonly slots: Slots;
}

/** Counts steps, so that a hostile pattern ends by a number and not by the clock. */
export class Steps {
  #left = 20_000_000;

  /** Takes steps: one, or as many as values are copied. */
  take(count = 1): void {
    this.#left -= count;
    if (this.#left < 0) throw new PatternError("it takes too many steps over this text");
  }
}

/**
 * Returns the leftmost match from a position on, with the priorities of Perl, as Go has them.
 * Follows all ways at once: no text takes more than its length times the length of the program.
 */
export function run(program: readonly Instruction[], text: readonly string[], from: number, steps: Steps): Slots | undefined {
  let current: Thread[] = [];
  let found: Slots | undefined;
  for (let position = from; position <= text.length; position++) {
    const seen = new Set<number>();
    const threads: Thread[] = [];
    for (const thread of current) follow(thread, { program, text, position, seen, threads, steps });
    // A later start is tried after every earlier one.
    if (found === undefined) follow({ at: 0, slots: [position] }, { program, text, position, seen, threads, steps });
    current = [];
    for (const { at, slots } of threads) {
      steps.take();
      const instruction = program[at] as Instruction;
      if (instruction.kind === "match") {
        found = [slots[0], position, ...slots.slice(2)];
        break;
      }
      if (instruction.kind === "char" && position < text.length && instruction.test(text[position] as string))
        current.push({ at: at + 1, slots });
    }
    if (current.length === 0 && found !== undefined) return found;
  }
  return found;
}

interface Following {
  readonly program: readonly Instruction[];
  readonly text: readonly string[];
  readonly position: number;
  readonly seen: Set<number>;
  readonly threads: Thread[];
  readonly steps: Steps;
}

/** Adds the threads that a thread leads to without a character, in the order of their priority. */
function follow(start: Thread, { program, text, position, seen, threads, steps }: Following): void {
  const open = [start];
  for (let thread = open.pop(); thread; thread = open.pop()) {
    const { at, slots } = thread;
    if (seen.has(at)) continue;
    seen.add(at);
    steps.take();
    const instruction = program[at] as Instruction;
    if (instruction.kind === "split") open.push({ at: instruction.second, slots }, { at: instruction.first, slots });
    else if (instruction.kind === "save") {
      const saved = [...slots];
      steps.take(saved.length);
      saved[instruction.slot] = position;
      open.push({ at: at + 1, slots: saved });
    } else if (instruction.kind === "at") {
      if (isAt(instruction.place, text, position)) open.push({ at: at + 1, slots });
    } else threads.push(thread);
  }
}

function isAt(place: Place, text: readonly string[], position: number): boolean {
  const [before, after] = [text[position - 1], text[position]];
  if (place === "text start") return position === 0;
  if (place === "text end") return position === text.length;
  if (place === "line start") return before === undefined || before === "\n";
  if (place === "line end") return after === undefined || after === "\n";
  return (isWord(before) !== isWord(after)) === (place === "word");
}

function isWord(char: string | undefined): boolean {
  return char !== undefined && /^[0-9A-Za-z_]$/.test(char);
}
