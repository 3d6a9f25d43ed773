/** One line of the file as it is on disk. */
export interface PhysicalLine {
  /** Text without its line end. */
  readonly text: string;
  /** Text with its line end. */
  readonly raw: string;
  /** Offset of its first character in the file. */
  readonly start: number;
  /** Offset after its line end. */
  readonly next: number;
}

/**
 * Splits at LF. All CRs at the end belong to the line end, as in BuildKit. A byte order mark in
 * front belongs to no line.
 */
export function physicalLines(text: string): PhysicalLine[] {
  const lines: PhysicalLine[] = [];
  let start = text.startsWith("\uFEFF") ? 1 : 0;
  while (start < text.length) {
    const newline = text.indexOf("\n", start);
    const next = newline === -1 ? text.length : newline + 1;
    let end = newline === -1 ? text.length : newline;
    while (end > start && text.charCodeAt(end - 1) === 13) end--;
    lines.push({ text: text.slice(start, end), raw: text.slice(start, next), start, next });
    start = next;
  }
  return lines;
}

/**
 * The text that the lexer reads: one line for each instruction, continuations joined and comments
 * removed, with the places in the file. Heredoc bodies are not part of it; they are kept with their
 * line.
 */
export class JoinedText {
  /**
   * Offsets in the joined text from which on characters come from the offsets in `#source`. The
   * arrays are parallel.
   */
  readonly #joined: number[] = [];
  readonly #source: number[] = [];
  readonly #pieces: string[] = [];
  #length = 0;

  get text(): string {
    return this.#pieces.join("");
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a piece of the file that begins at `start` there. */
  append(piece: string, start: number): void {
    if (piece === "") return;
    this.#joined.push(this.#length);
    this.#source.push(start);
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** Returns the offset in the file of the character at `offset`. */
  sourceOffset(offset: number): number {
    let low = 0;
    let high = this.#joined.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#joined[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return (this.#source[low] ?? 0) + offset - (this.#joined[low] ?? 0);
  }
}
