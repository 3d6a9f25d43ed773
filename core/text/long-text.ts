/** Parts that are joined at once. */
const PIECE = 1024;

/**
 * A long text of many short parts. Note that we do not add them with `+=`, because the engine then
 * keeps an object for each part until somebody reads the text: several times what its characters
 * take.
 */
export class LongText {
  readonly #pieces: string[] = [];
  #parts: string[] = [];
  #length = 0;

  /** Length in UTF-16 code units. */
  get length(): number {
    return this.#length;
  }

  push(part: string): void {
    this.#length += part.length;
    this.#parts.push(part);
    if (this.#parts.length === PIECE) this.#join();
  }

  /** Returns the text in order, cut only between parts. */
  pieces(): readonly string[] {
    if (this.#parts.length > 0) this.#join();
    return this.#pieces;
  }

  toString(): string {
    return this.pieces().join("");
  }

  #join(): void {
    this.#pieces.push(this.#parts.join(""));
    this.#parts = [];
  }
}
