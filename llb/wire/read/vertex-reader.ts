import { cannotSolve } from "../errors.js";

/** Reports parts of one vertex that cannot be solved, by the step's name. */
export class VertexReader {
  readonly step: string;

  constructor(step: string) {
    this.step = step;
  }

  /** Throws for a part that tsbuild does not have, or that is wrong. */
  fail(part: string, why: string, hint?: string): never {
    throw cannotSolve(this.step, part, why, hint);
  }

  /** Refuses a part of the message that is there. */
  refuse(part: string, value: unknown, hint?: string): void {
    const isThere = Array.isArray(value) ? value.length > 0 : Boolean(value);
    if (isThere) this.fail(part, "tsbuild has nothing that does the same", hint);
  }

  /** Returns text that may be a part of a path, an argument or a variable. */
  text(part: string, text: string): string {
    if (text.includes("\0")) this.fail(part, "it holds a zero byte");
    return text;
  }

  /** Returns an index of a list of `count`, or -1. */
  index(part: string, index: number, count: number): number {
    if (!Number.isInteger(index) || index < -1 || index >= count) this.fail(part, `${index} is none of ${count} inputs`);
    return index;
  }

  /** Returns a number that JavaScript has exactly. */
  number(part: string, value: number): number {
    if (!Number.isSafeInteger(value)) this.fail(part, `${value} is too large`);
    return value;
  }

  /** Returns the word of an enumeration for its number. */
  word<W extends string>(part: string, number: number, words: Readonly<Record<W, number>>): W {
    const found = (Object.keys(words) as W[]).find((word) => words[word] === number);
    return found ?? this.fail(part, `${number} is not known`);
  }
}
