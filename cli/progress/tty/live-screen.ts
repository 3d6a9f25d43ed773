import type { ScreenLine } from "./frame.js";

/**
 * Some lines at the end of a terminal that are written again and again. Lines that equal those of
 * the frame before are skipped. Escape sequences are those of ECMA-48 that every terminal knows.
 */
export class LiveScreen {
  readonly #write: (text: string) => void;
  #lines: readonly ScreenLine[] = [];
  #columns = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Replaces the frame before. `columns` is the width of the terminal at this moment. */
  draw(lines: readonly ScreenLine[], columns: number): void {
    // A terminal that became narrower has wrapped the old lines; one that became wider has not
    // unwrapped them.
    const resized = columns !== this.#columns;
    const height = this.#lines.reduce((sum, { width }) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    let text = height > 0 ? `\r\x1b[${height}A` : "";
    if (resized) text += "\x1b[J";
    lines.forEach((line, index) => {
      const same = !resized && this.#lines[index]?.text === line.text;
      text += same ? "\n" : `\x1b[2K${line.text}\n`;
    });
    if (lines.length < this.#lines.length) text += "\x1b[J";
    this.#lines = lines;
    this.#columns = columns;
    this.#write(text);
  }
}
