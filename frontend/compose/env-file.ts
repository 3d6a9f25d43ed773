import type { SourceFile } from "../../core/diagnostics.js";
import { LineMap } from "../../core/text/line-map.js";
import { endOfQuoted } from "../../core/text/quoted.js";
import { badEnvFile } from "./errors.js";
import { interpolate } from "./interpolate.js";

type Lookup = (name: string) => string | undefined;

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  c: "\\c",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  '"': '"',
  "\\": "\\",
  $: "$$",
};

/**
 * Returns the variables of a file such as `.env`: `NAME=VALUE` a line, `export` before it or not;
 * `NAME` alone takes the value of `outer`. Variables in values are of `outer`, then of the file
 * itself. Throws `compose/env-file`.
 */
export function readEnvFile(source: SourceFile, outer: Lookup): ReadonlyMap<string, string> {
  return new EnvReader(source, outer).read();
}

class EnvReader {
  readonly #source: SourceFile;
  readonly #text: string;
  readonly #lines: LineMap;
  readonly #outer: Lookup;
  readonly #values = new Map<string, string>();
  #at = 0;

  constructor(source: SourceFile, outer: Lookup) {
    this.#source = source;
    this.#text = source.text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
    this.#lines = new LineMap(this.#text);
    this.#outer = outer;
  }

  read(): ReadonlyMap<string, string> {
    for (;;) {
      this.#take(/(?:\s|#[^\n]*)*/y);
      if (this.#at >= this.#text.length) return this.#values;
      this.#statement();
    }
  }

  #statement(): void {
    this.#take(/export[^\S\n]+/y);
    const name = (this.#take(/[^=:\n]*/y) ?? "").trim();
    const [odd] = /[^\p{L}\p{N}_.[\]\s-]/u.exec(name) ?? [];
    if (odd !== undefined) throw this.#error(`a name of a variable has no "${odd}"`);
    if (/\s/.test(name)) throw this.#error("a name of a variable has no space");
    const sign = this.#text[this.#at];
    if (sign !== "=" && sign !== ":") {
      const inherited = this.#outer(name);
      if (inherited !== undefined) this.#values.set(name, inherited);
      return;
    }
    this.#at++;
    this.#take(/[^\S\n]*/y);
    const value = this.#value();
    // Docker leaves out names that begin with a digit.
    if (!/^\d/.test(name)) this.#values.set(name, value);
  }

  #value(): string {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") return this.#expand((this.#take(/[^\n]*/y) ?? "").replace(/ #.*$/, "").trimEnd());
    const end = endOfQuoted(this.#text, this.#at);
    if (end === undefined) throw this.#error("the quote is not closed");
    const body = this.#text.slice(this.#at + 1, end - 1);
    this.#at = end;
    if (quote === "'") return body.replaceAll("\\'", "'");
    return this.#expand(
      body.replaceAll(/\\(?:0(\d{1,3})|([abcfnrtv"\\$]))/g, (whole, octal: string | undefined, letter: string | undefined) =>
        octal === undefined ? (ESCAPES[letter ?? ""] ?? whole) : String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    );
  }

  #expand(value: string): string {
    if (!value.includes("$")) return value;
    const range = this.#lines.range(this.#at, this.#at);
    return interpolate(value, { lookup: (name) => this.#outer(name) ?? this.#values.get(name) }, { source: this.#source, range });
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  /** Returns an error that shows nothing of the line, because files of variables hold secrets. */
  #error(found: string): Error {
    return badEnvFile(this.#source.name, this.#lines.range(this.#at, this.#at).line, found);
  }
}
