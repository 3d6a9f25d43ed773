import { type Pattern, PatternError, type Place } from "./parse.js";

/** One instruction. `split` goes to the first place before the second. */
export type Instruction =
  | { readonly kind: "char"; readonly test: (char: string) => boolean }
  | { readonly kind: "at"; readonly place: Place }
  | { readonly kind: "split"; readonly first: number; readonly second: number }
  | { readonly kind: "save"; readonly slot: number }
  | { readonly kind: "match" };

/** Instructions that a pattern may have. */
const LIMIT = 20_000;

/** Returns the program of a pattern. Throws PatternError for one that is too long. */
export function programOf(pattern: Pattern): readonly Instruction[] {
  const program: Instruction[] = [];
  const push = (instruction: Instruction): number => {
    if (program.length >= LIMIT) throw new PatternError("it is too long");
    return program.push(instruction) - 1;
  };
  const add = (part: Pattern): void => {
    if (part.kind === "char" || part.kind === "at") push(part);
    else if (part.kind === "sequence") part.parts.forEach(add);
    else if (part.kind === "group") {
      push({ kind: "save", slot: part.index * 2 });
      add(part.inner);
      push({ kind: "save", slot: part.index * 2 + 1 });
    } else if (part.kind === "choice") choice(part.parts);
    else if (part.kind === "repeat") repeat(part);
  };
  const split = (at: number, first: number, second: number, lazy: boolean): void => {
    program[at] = lazy ? { kind: "split", first: second, second: first } : { kind: "split", first, second };
  };
  const choice = (parts: readonly Pattern[]): void => {
    const ends: number[] = [];
    for (const [index, part] of parts.entries()) {
      const last = index === parts.length - 1;
      const at = last ? -1 : push({ kind: "match" });
      add(part);
      if (last) break;
      ends.push(push({ kind: "match" }));
      split(at, at + 1, program.length, false);
    }
    for (const end of ends) split(end, program.length, program.length, false);
  };
  const repeat = ({ inner, least, most, lazy }: Extract<Pattern, { kind: "repeat" }>): void => {
    for (let i = 0; i < least; i++) add(inner);
    if (most === Infinity) {
      const at = push({ kind: "match" });
      add(inner);
      split(push({ kind: "match" }), at, at, false);
      split(at, at + 1, program.length, lazy);
      return;
    }
    const skips: number[] = [];
    for (let i = least; i < most; i++) {
      skips.push(push({ kind: "match" }));
      add(inner);
    }
    for (const at of skips) split(at, at + 1, program.length, lazy);
  };
  add(pattern);
  push({ kind: "match" });
  return program;
}
