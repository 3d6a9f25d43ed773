import { StringDecoder } from "node:string_decoder";
import { stripVTControlCharacters } from "node:util";

/**
 * Characters of a line that are kept, more than any terminal shows: some programs print megabytes
 * without an end of line.
 */
const LONGEST = 4096;

/**
 * The last lines of a step's output, as a terminal that knows only line ends and carriage returns
 * would show them.
 */
export class LogWindow {
  readonly #decoder = new StringDecoder("utf8");
  readonly #height: number;
  #lines: readonly string[] = [];
  /** The last line, which has no end yet. Text after a carriage return replaces it. */
  #open = "";

  constructor(height: number) {
    this.#height = height;
  }

  write(data: Uint8Array): void {
    const lines = (this.#open + this.#decoder.write(Buffer.from(data.buffer, data.byteOffset, data.byteLength))).split("\n");
    this.#open = lines.pop() ?? "";
    // A progress bar without line ends would grow for ever.
    const returned = this.#open.lastIndexOf("\r", this.#open.length - 2);
    if (returned >= 0) this.#open = this.#open.slice(returned + 1);
    // A carriage return at its end still says that the next text replaces it.
    if (this.#open.length > LONGEST) this.#open = `${this.#open.slice(0, LONGEST)}${this.#open.endsWith("\r") ? "\r" : ""}`;
    this.#lines = [...this.#lines, ...lines.slice(-this.#height)].slice(-this.#height);
  }

  /** Returns at most as many lines as the window is high, without control characters. */
  lines(): readonly string[] {
    const all = this.#open === "" ? this.#lines : [...this.#lines, this.#open];
    return all.slice(-this.#height).map(visible);
  }
}

function visible(line: string): string {
  const end = line.endsWith("\r") ? line.slice(0, -1) : line;
  return printable(end.slice(end.lastIndexOf("\r") + 1));
}

/** Returns one line of text that moves no cursor and changes no colour. */
export function printable(text: string): string {
  return stripVTControlCharacters(text.replaceAll("\t", "    ")).replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, " ");
}
