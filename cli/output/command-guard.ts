/** The end of a piece that may be the beginning of a command: the next piece decides. */
const OPEN = /(?:(?<=^[ \t\v\f]*):|#{1,2}(?:v(?:so?)?)?)$/i;

/**
 * Removes from a stream of output the commands that CI runners obey (see `printable`), wherever the
 * stream is cut into pieces. Everything else stays unchanged. Text may be in any encoding that
 * keeps ASCII.
 */
export class CommandGuard {
  /** True while the line holds nothing but blanks. */
  #fresh: boolean;
  #held = "";
  readonly #prefixed: boolean;

  /**
   * `prefixed` means that each line gets a prefix, so that only text after a carriage return can
   * begin one.
   */
  constructor({ prefixed }: { readonly prefixed: boolean }) {
    this.#prefixed = prefixed;
    this.#fresh = !prefixed;
  }

  write(text: string): string {
    if (this.#prefixed && !this.#fresh && this.#held === "" && !/\r|##|#$/.test(text)) return text;
    const parts = (this.#held + text).split(/([\r\n])/);
    this.#held = "";
    let out = "";
    parts.forEach((part, index) => {
      if (part === "\r" || part === "\n") {
        this.#fresh = part === "\r" || !this.#prefixed;
        out += part;
      } else out += this.#line(part, index === parts.length - 1);
    });
    return out;
  }

  /** Ends the stream, and returns the text that was held back. */
  end(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }

  #line(part: string, last: boolean): string {
    let text = part.replaceAll(/##(?=\[|vso\[)/gi, "#\\x23");
    if (this.#fresh) text = text.replace(/^([ \t\v\f]*)::/, "$1\\x3a:");
    const open = last ? (OPEN.exec(text)?.[0] ?? "") : "";
    if (open !== "" && (open !== ":" || this.#fresh)) {
      this.#held = open;
      text = text.slice(0, text.length - open.length);
    }
    if (/[^ \t\v\f]/.test(text)) this.#fresh = false;
    return text;
  }
}
