import { ExpansionError, unsupported, withPattern } from "./expansion-error.js";
import { replaceMatches, trimPrefix, trimSuffix } from "./expand-pattern.js";
import { BLANK, WordList } from "./word-list.js";

/** Source of variables. */
export interface Variables {
  get(name: string): string | undefined;
  /** Yields the names, for suggestions. */
  names(): Iterable<string>;
}

export const NO_VARIABLES: Variables = { get: () => undefined, names: () => [] };

export interface ExpandOptions {
  /** Escape character of the file. */
  readonly escape: string;
  /** True keeps quotes in the result. */
  readonly rawQuotes?: boolean;
  /** True keeps escape characters in the result. */
  readonly rawEscapes?: boolean;
  /** True takes quotes for ordinary characters, as in heredoc bodies. */
  readonly ignoreQuotes?: boolean;
  /** True leaves an unset `$name` as it is. */
  readonly skipUnset?: boolean;
}

export interface Expansion {
  readonly text: string;
  /** Text split at unquoted blanks; blanks from variables split too. */
  readonly words: readonly string[];
  /** Names of variables that were set; `unmatched` has those that were not. */
  readonly matched: ReadonlySet<string>;
  readonly unmatched: ReadonlySet<string>;
}

/**
 * Characters that a result may have. No process can get a variable of this size, and ten lines of
 * `ENV A=$A$A$A$A` would fill any memory.
 */
const LONGEST_RESULT = 1 << 22;

/** Levels of nested braces: more than anybody writes, and less than the stack holds. */
const DEEPEST = 500;

const NONE: ReadonlySet<string> = new Set();
const SPECIAL_PARAMETERS = "@*#?-$!0";
const WORD_CHARACTER = /[\p{L}\p{Nd}_]/u;
const DIGIT = /\p{Nd}/u;

/**
 * Expands variables and removes quotes as the Dockerfile's own small shell does: `$v`, `${v}`,
 * `${v:-w}` and its relatives, `${v#p}`, `${v%p}`, `${v/p/r}`. Throws {@link ExpansionError}.
 */
export function expandWord(text: string, variables: Variables, options: ExpandOptions): Expansion {
  if (isPlain(text, options)) {
    const words = BLANK.test(text) ? text.split(/\s+/).filter((word) => word !== "") : text === "" ? [] : [text];
    return { text, words, matched: NONE, unmatched: NONE };
  }
  return new Expander(text, variables, options).run();
}

/** Returns true for a word without anything to expand, as most words are. */
function isPlain(text: string, options: ExpandOptions): boolean {
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === "$" || char === options.escape || ((char === "'" || char === '"') && !options.ignoreQuotes)) return false;
  }
  return true;
}

class Expander {
  readonly #chars: string[];
  readonly #variables: Variables;
  readonly #options: ExpandOptions;
  readonly #matched = new Set<string>();
  readonly #unmatched = new Set<string>();
  #at = 0;
  #depth = 0;
  #rawEscapes: boolean;

  constructor(text: string, variables: Variables, options: ExpandOptions) {
    this.#chars = [...text];
    this.#variables = variables;
    this.#options = options;
    this.#rawEscapes = options.rawEscapes ?? false;
  }

  run(): Expansion {
    const { text, words } = this.#until(undefined, this.#rawEscapes);
    return { text, words, matched: this.#matched, unmatched: this.#unmatched };
  }

  #until(stop: string | undefined, rawEscapes: boolean): { text: string; words: string[] } {
    const before = this.#rawEscapes;
    this.#rawEscapes = rawEscapes;
    if (++this.#depth > DEEPEST) throw new ExpansionError(`variables are nested more than ${DEEPEST} deep`);
    try {
      let text = "";
      const words = new WordList();
      while (this.#at < this.#chars.length) {
        if (text.length > LONGEST_RESULT) throw new ExpansionError(`it expands to more than ${LONGEST_RESULT} characters`);
        const char = this.#chars[this.#at] as string;
        if (char === stop) {
          this.#at++;
          return { text, words: words.flush() };
        }
        if (char === "$") {
          const value = this.#dollar();
          text += value;
          for (const part of value) words.add(part);
        } else if ((char === "'" || char === '"') && !this.#options.ignoreQuotes) {
          const value = char === "'" ? this.#singleQuoted() : this.#doubleQuoted();
          text += value;
          words.addRaw(value);
        } else if (char === this.#options.escape) {
          this.#at++;
          if (this.#rawEscapes) {
            text += char;
            words.addRaw(char);
          }
          const escaped = this.#chars[this.#at++];
          if (escaped === undefined) break;
          text += escaped;
          words.addRaw(escaped);
        } else {
          this.#at++;
          text += char;
          words.add(char);
        }
      }
      if (stop !== undefined) throw new ExpansionError(`the closing "${stop}" is missing`);
      return { text, words: words.flush() };
    } finally {
      this.#rawEscapes = before;
      this.#depth--;
    }
  }

  /** Returns the text up to the next single quote unchanged; nothing can be escaped. */
  #singleQuoted(): string {
    const end = this.#chars.indexOf("'", this.#at + 1);
    if (end === -1) throw new ExpansionError("a single quote is not closed");
    const inner = this.#chars.slice(this.#at + 1, end).join("");
    this.#at = end + 1;
    return this.#options.rawQuotes ? `'${inner}'` : inner;
  }

  #doubleQuoted(): string {
    const quote = this.#options.rawQuotes ? '"' : "";
    let text = quote;
    this.#at++;
    for (;;) {
      const char = this.#chars[this.#at];
      if (char === undefined) throw new ExpansionError("a double quote is not closed");
      if (char === '"') {
        this.#at++;
        return text + quote;
      }
      if (char === "$") {
        text += this.#dollar();
        continue;
      }
      this.#at++;
      if (char !== this.#options.escape) {
        text += char;
        continue;
      }
      if (this.#rawEscapes) text += char;
      const next = this.#chars[this.#at];
      if (next === undefined) continue;
      // Only these can be escaped; before anything else the escape character stands for itself.
      if (next === '"' || next === "$" || next === this.#options.escape) {
        this.#at++;
        text += next;
      } else text += char;
    }
  }

  #dollar(): string {
    this.#at++;
    if (this.#chars[this.#at] !== "{") {
      const name = this.#name();
      if (name === "") return "$";
      const value = this.#lookup(name);
      return value ?? (this.#options.skipUnset ? `$${name}` : "");
    }
    const next = this.#chars[++this.#at];
    if (next === undefined) throw new ExpansionError('the closing "}" is missing');
    if (next === "{" || next === "}" || next === ":") throw new ExpansionError(`"\${${next}" names no variable`);
    const name = this.#name();
    const operator = this.#chars[this.#at++];
    switch (operator) {
      case "}": {
        const value = this.#lookup(name);
        return value ?? (this.#options.skipUnset ? `\${${name}}` : "");
      }
      case ":": {
        const modifier = this.#chars[this.#at++] ?? "";
        if (modifier === "" || !"+-?".includes(modifier)) throw unsupported(`:${modifier}`);
        return this.#modified(name, modifier, true);
      }
      case "+":
      case "-":
      case "?":
      case "#":
      case "%":
        return this.#modified(name, operator, false);
      case "/":
        return this.#replaced(name);
      case undefined:
        throw new ExpansionError('the closing "}" is missing');
      default:
        throw unsupported(operator);
    }
  }

  /** Expands `${name-word}` and its relatives; `emptyIsUnset` with a colon. */
  #modified(name: string, modifier: string, emptyIsUnset: boolean): string {
    const word = this.#untilBrace(modifier === "#" || modifier === "%");
    const value = this.#lookup(name);
    if (value === undefined && this.#options.skipUnset) return `\${${name}${emptyIsUnset ? ":" : ""}${modifier}${word}}`;
    const missing = value === undefined || (emptyIsUnset && value === "");
    switch (modifier) {
      case "-":
        return missing ? word : (value ?? "");
      case "+":
        return missing ? "" : word;
      case "?":
        if (missing) {
          const why = word || `is not allowed to be ${value === undefined ? "unset" : "empty"}`;
          throw new ExpansionError(`${name}: ${why}`, value === undefined ? name : undefined);
        }
        return value ?? "";
      default: {
        const longest = word.startsWith(modifier);
        const pattern = longest ? word.slice(1) : word;
        return withPattern(pattern, () => (modifier === "#" ? trimPrefix : trimSuffix)(value ?? "", pattern, longest));
      }
    }
  }

  /** Expands `${name/pattern/replacement}`, with `//` for all matches. */
  #replaced(name: string): string {
    const all = this.#chars[this.#at] === "/";
    if (all) this.#at++;
    const pattern = this.#until("/", true).text;
    const replacement = this.#untilBrace(true);
    const value = this.#lookup(name);
    if (value === undefined && this.#options.skipUnset) return `\${${name}/${pattern}/${replacement}}`;
    return withPattern(pattern, () => replaceMatches(value ?? "", pattern, replacement, all));
  }

  #untilBrace(rawEscapes: boolean): string {
    return this.#until("}", rawEscapes).text;
  }

  /** Reads letters, digits and `_`; or digits; or one special parameter. */
  #name(): string {
    const first = this.#chars[this.#at];
    if (first === undefined) return "";
    if (DIGIT.test(first)) return this.#take(DIGIT);
    if (SPECIAL_PARAMETERS.includes(first)) {
      this.#at++;
      return first;
    }
    return this.#take(WORD_CHARACTER);
  }

  #take(kind: RegExp): string {
    let name = "";
    for (let char = this.#chars[this.#at]; char !== undefined && kind.test(char); char = this.#chars[++this.#at]) name += char;
    return name;
  }

  #lookup(name: string): string | undefined {
    const value = this.#variables.get(name);
    (value === undefined ? this.#unmatched : this.#matched).add(name);
    return value;
  }
}
