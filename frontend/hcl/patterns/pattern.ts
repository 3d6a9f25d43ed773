import { parsePattern } from "./parse.js";
import { programOf } from "./program.js";
import { run, type Slots, Steps } from "./run.js";

/** Text that a pattern matched. */
export interface Match {
  readonly text: string;
  /** Texts of the groups; undefined for one that took no part. */
  readonly groups: readonly (string | undefined)[];
  /** Text between the match before and this one. */
  readonly before: string;
}

export interface CompiledPattern {
  /** Names of the groups in order; undefined for a group without one. */
  readonly names: readonly (string | undefined)[];
  /** Yields the matches that do not overlap. */
  matches(text: string): Generator<Match>;
}

/** Compiles a pattern of Go's syntax. Throws PatternError, also while it runs. */
export function compilePattern(pattern: string): CompiledPattern {
  const { pattern: parsed, groups } = parsePattern(pattern);
  const program = programOf(parsed);
  return {
    names: groups,
    *matches(text) {
      const chars = [...text];
      const steps = new Steps();
      const part = (from: number | undefined, to: number | undefined): string | undefined =>
        from === undefined || to === undefined ? undefined : chars.slice(from, to).join("");
      let end = 0;
      let last = -1;
      for (let from = 0; from <= chars.length; ) {
        const slots: Slots | undefined = run(program, chars, from, steps);
        const [start, stop] = slots ?? [];
        if (slots === undefined || start === undefined || stop === undefined) return;
        from = stop > start ? stop : stop + 1;
        // An empty match right behind another one is none in Go.
        if (stop === start && stop === last) continue;
        last = stop;
        yield {
          text: part(start, stop) as string,
          groups: groups.map((_, index) => part(slots[index * 2 + 2], slots[index * 2 + 3])),
          before: part(end, start) as string,
        };
        end = stop;
      }
    },
  };
}
