/** A pattern that cannot be read, or that takes too many steps. */
export class PatternError extends Error {}

/** Flags of a part: ignore case, `.` takes line ends, `^` and `$` are at lines, lazy by default. */
interface Flags {
  readonly i: boolean;
  readonly s: boolean;
  readonly m: boolean;
  readonly U: boolean;
}

export type Pattern =
  | { readonly kind: "empty" }
  | { readonly kind: "char"; readonly test: (char: string) => boolean }
  | { readonly kind: "at"; readonly place: Place }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly Pattern[] }
  | { readonly kind: "group"; readonly index: number; readonly inner: Pattern }
  | { readonly kind: "repeat"; readonly inner: Pattern; readonly least: number; readonly most: number; readonly lazy: boolean };

export type Place = "text start" | "text end" | "line start" | "line end" | "word" | "no word";

export interface ParsedPattern {
  readonly pattern: Pattern;
  /** Names of the groups in order; undefined for a group without one. */
  readonly groups: readonly (string | undefined)[];
}

/** Names of Go's classes, in the form of JavaScript's. */
const CLASSES: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`\\{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

/** Escapes that stand for several characters, and what Go means by them. */
const SHORT: Readonly<Record<string, string>> = {
  d: "[0-9]",
  D: "[^0-9]",
  w: "[0-9A-Za-z_]",
  W: "[^0-9A-Za-z_]",
  s: "[\\t\\n\\f\\r ]",
  S: "[^\\t\\n\\f\\r ]",
};

const PLACES: Readonly<Record<string, Place>> = { A: "text start", z: "text end", b: "word", B: "no word" };

/** Times that a part may be repeated, as in RE2. */
const MOST = 1000;

const DEEPEST = 200;

/** Reads a pattern. Throws PatternError. */
export function parsePattern(text: string): ParsedPattern {
  return new Parser(unquoted(text)).parse();
}

/** Writes what stands between `\Q` and `\E` with a backslash before each sign. */
function unquoted(text: string): string {
  return text.replaceAll(
    /\\Q([\s\S]*?)(?:\\E|$)|\\[\s\S]/g,
    (whole, quoted: string | undefined) => quoted?.replaceAll(/[^\w\s]/gu, "\\$&") ?? whole,
  );
}

class Parser {
  readonly #text: string;
  readonly #groups: (string | undefined)[] = [];
  #flags: Flags = { i: false, s: false, m: false, U: false };
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): ParsedPattern {
    const pattern = this.#choice();
    if (this.#at < this.#text.length) throw new PatternError("there is a ) without its (");
    return { pattern, groups: this.#groups };
  }

  #choice(): Pattern {
    const parts = [this.#sequence()];
    while (this.#take(/\|/y) !== undefined) parts.push(this.#sequence());
    return parts.length === 1 ? (parts[0] as Pattern) : { kind: "choice", parts };
  }

  #sequence(): Pattern {
    const parts: Pattern[] = [];
    while (this.#at < this.#text.length && !"|)".includes(this.#text[this.#at] as string)) parts.push(this.#repeated());
    return { kind: "sequence", parts };
  }

  #repeated(): Pattern {
    let inner = this.#atom();
    for (let times = 0; ; times++) {
      const sign = this.#take(/[*+?]|\{\d{1,4}(?:,\d{0,4})?\}/y);
      if (sign === undefined) return inner;
      if (times > 0) throw new PatternError(`"${sign}" repeats what is repeated already`);
      const lazy = (this.#take(/\?/y) !== undefined) !== this.#flags.U;
      const [, first = "0", comma, last] = /^\{(\d+)(,?)(\d*)\}$/.exec(sign) ?? [];
      const least = sign === "+" ? 1 : Number(sign.startsWith("{") ? first : 0);
      const most = sign === "?" ? 1 : !sign.startsWith("{") || (comma && !last) ? Infinity : Number(last || first);
      if (least > MOST || (most !== Infinity && (most > MOST || most < least))) throw new PatternError(`"${sign}" is no number of times`);
      inner = { kind: "repeat", inner, least, most, lazy };
    }
  }

  #atom(): Pattern {
    const char = this.#take(/./suy) as string;
    if (char === "(") return this.#group();
    if (char === "[") return this.#class();
    if (char === "\\") return this.#escape();
    if (char === ".") return { kind: "char", test: this.#flags.s ? () => true : (one) => one !== "\n" };
    if (char === "^") return { kind: "at", place: this.#flags.m ? "line start" : "text start" };
    if (char === "$") return { kind: "at", place: this.#flags.m ? "line end" : "text end" };
    if (/[*+?]/.test(char)) throw new PatternError(`"${char}" has nothing to repeat`);
    return this.#literal(char);
  }

  #literal(char: string): Pattern {
    if (!this.#flags.i) return { kind: "char", test: (one) => one === char };
    return this.#tested(char.replace(/[\\^$.*+?()[\]{}|/-]/u, "\\$&"));
  }

  #tested(source: string): Pattern {
    let tester: RegExp;
    try {
      tester = new RegExp(`^${source}$`, `us${this.#flags.i ? "i" : ""}`);
    } catch {
      throw new PatternError(`"${source}" is no class of characters`);
    }
    return { kind: "char", test: (one) => tester.test(one) };
  }

  #group(): Pattern {
    if (++this.#depth > DEEPEST) throw new PatternError("its groups are too deep");
    const outer = this.#flags;
    const opening = this.#take(/\?(?:P?<(\w+)>|([imsU]*(?:-[imsU]+)?)([:)]))/y);
    if (opening === undefined && this.#text[this.#at] === "?")
      throw new PatternError("it looks around or refers back, which Go's patterns do not");
    const name = /^\?P?<(\w+)>$/.exec(opening ?? "")?.[1];
    const flags = /^\?([imsU]*)(?:-([imsU]+))?[:)]$/.exec(opening ?? "");
    if (flags) this.#flags = { ...this.#flags, ...switched(flags[1], true), ...switched(flags[2], false) };
    // Flags without a part of their own hold to the end of the group around them.
    if (opening?.endsWith(")")) {
      this.#depth--;
      return { kind: "empty" };
    }
    let index = 0;
    if (!flags) index = this.#groups.push(name);
    const inner = this.#choice();
    if (this.#take(/\)/y) === undefined) throw new PatternError("there is a ( without its )");
    this.#flags = outer;
    this.#depth--;
    return flags ? inner : { kind: "group", index, inner };
  }

  #class(): Pattern {
    const source = this.#take(/\^?\]?(?:\[:\^?\w+:\]|\\[pP]\{[^}]*\}|\\.|[^\]\\])*\]/suy);
    if (source === undefined) throw new PatternError("there is a [ without its ]");
    const [, not = "", body = ""] = /^(\^?)([\s\S]*)\]$/.exec(source) ?? [];
    const known = body
      .replace(/^\]/, "\\]")
      .replaceAll(/\[:(\^?)(\w+):\]/g, (whole, negated: string, name: string) => {
        const found = CLASSES[name];
        if (found === undefined || negated) throw new PatternError(`"${whole}" is no class that is known`);
        return found;
      })
      .replaceAll(/\\[dws]/g, (short) => (SHORT[short[1] as string] as string).slice(1, -1))
      .replaceAll(/\\([^\w\\[\]^/$.*+?(){}|-])/gu, "$1")
      .replaceAll(/(?<!\\)\[/g, "\\[");
    return this.#tested(`[${not}${known}]`);
  }

  #escape(): Pattern {
    const letter = this.#take(/./suy);
    if (letter === undefined) throw new PatternError("there is a \\ at its end");
    const place = PLACES[letter];
    if (place) return { kind: "at", place };
    const short = SHORT[letter];
    if (short) return this.#tested(short);
    if (letter === "p" || letter === "P") {
      const named = this.#take(/\{\^?\w+\}|\w/y);
      const bare = named?.replaceAll(/[{}]/g, "") ?? "";
      return this.#tested(bare.length <= 2 ? `\\${letter}{${bare}}` : `\\${letter}{Script=${bare}}`);
    }
    if (letter === "x") {
      const hex = this.#take(/[0-9A-Fa-f]{2}|\{[0-9A-Fa-f]{1,6}\}/y);
      if (hex === undefined) throw new PatternError("\\x has no number");
      return this.#tested(`\\u{${hex.replaceAll(/[{}]/g, "")}}`);
    }
    const control = { a: "\x07", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" }[letter];
    if (control !== undefined) return this.#literal(control);
    if (/[1-9]/.test(letter)) throw new PatternError("it looks around or refers back, which Go's patterns do not");
    if (/\w/.test(letter)) throw new PatternError(`"\\${letter}" has no meaning`);
    return this.#literal(letter);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}

function switched(letters: string | undefined, on: boolean): Partial<Flags> {
  return Object.fromEntries([...(letters ?? "")].map((letter) => [letter, on]));
}
