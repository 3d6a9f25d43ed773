import type { SourceRange } from "../diagnostics.js";

/** Line and column of offsets in a text, for source ranges. */
export class LineMap {
  readonly #starts: number[];

  constructor(text: string) {
    this.#starts = [text.startsWith("\uFEFF") ? 1 : 0];
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  range(start: number, end: number): SourceRange {
    const [line, column] = this.#position(start);
    const [endLine, endColumn] = this.#position(end);
    return { start, end, line, column, endLine, endColumn };
  }

  #position(offset: number): [line: number, column: number] {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return [low + 1, Math.max(0, offset - (starts[low] as number)) + 1];
  }
}
